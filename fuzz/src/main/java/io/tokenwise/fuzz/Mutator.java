package io.tokenwise.fuzz;

import java.util.List;
import java.util.SplittableRandom;

/** Makes an input of one that is there. */
final class Mutator {
    /** Larger ones are slow to read, and nothing more can be wrong with them. */
    static final int MOST_BYTES = 256 << 10;

    private final Target target;

    Mutator(Target target) {
        this.target = target;
    }

    /** One to eight changes, of one file mostly. */
    Input changed(Input input, Input other, SplittableRandom random) {
        Input changed = input;
        int changes = 1 << random.nextInt(random.nextBoolean() ? 1 : 4);
        for (int i = 0; i < changes; i++) {
            Input next = target.isFolder() && random.nextInt(8) == 0
                    ? among(changed, other, random)
                    : within(changed, other, random);
            if (next.size() <= Math.max(MOST_BYTES, input.size())) {
                changed = next;
            }
        }
        return changed;
    }

    private static String name(Input input, SplittableRandom random) {
        List<String> names = List.copyOf(input.files().keySet());
        return names.get(random.nextInt(names.size()));
    }

    private Input within(Input input, Input other, SplittableRandom random) {
        if (input.files().isEmpty()) {
            return other;
        }
        String name = name(input, random);
        byte[] bytes = input.files().get(name);
        byte[] part = other.files().containsKey(name) ? other.files().get(name) : bytes;
        List<Form> fitting =
                target.forms().stream().filter(form -> form.fits(name)).toList();
        Form form = fitting.isEmpty() || random.nextInt(3) == 0
                ? BytesForm.ANY
                : fitting.get(random.nextInt(fitting.size()));
        byte[] changed = form.changed(bytes, part, random);
        if (random.nextInt(4) > 0) {
            for (Form each : fitting) {
                changed = each.repaired(changed);
            }
        }
        return input.with(name, changed);
    }

    /** A file that is not there, stands for another, or comes from elsewhere. */
    private static Input among(Input input, Input other, SplittableRandom random) {
        if (input.files().isEmpty() || other.files().isEmpty()) {
            return other;
        }
        String name = name(input, random);
        return switch (random.nextInt(4)) {
            case 0 -> input.with(name, null);
            case 1 -> input.with(name, input.files().get(name(input, random)));
            case 2 -> input.with(name, new byte[0]);
            default -> {
                String theirs = name(other, random);
                yield input.with(theirs, other.files().get(theirs));
            }
        };
    }
}
