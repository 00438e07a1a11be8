package io.tokenwise.io;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What pickles of torch.save may name and call: dictionaries, tensors, and the memory in which these lie (torch/_utils.py, {@code _rebuild_tensor_v2} and {@code _rebuild_parameter}; torch/serialization.py,
 * {@code persistent_load}; at v2.13). All else is refused by its name.
 */
final class TorchObjects {
    /** How each file of PyTorch's becomes one that is read, whatever head the model has. */
    static final String WAY_OUT = "; in Python model.safetensors, which is read, is written by"
            + " safetensors.torch.save_file({n: t.contiguous().clone() for n, t in torch.load(file).items()},"
            + " \"model.safetensors\")";

    private static final String DICTIONARY = "collections.OrderedDict";
    private static final String TENSOR = "torch._utils._rebuild_tensor_v2";
    private static final String PARAMETER = "torch._utils._rebuild_parameter";

    /** What safetensors calls a storage's type. */
    private static final Map<String, String> TYPES = Map.ofEntries(
            Map.entry("torch.DoubleStorage", "F64"),
            Map.entry("torch.FloatStorage", "F32"),
            Map.entry("torch.HalfStorage", "F16"),
            Map.entry("torch.BFloat16Storage", "BF16"),
            Map.entry("torch.LongStorage", "I64"),
            Map.entry("torch.IntStorage", "I32"),
            Map.entry("torch.ShortStorage", "I16"),
            Map.entry("torch.CharStorage", "I8"),
            Map.entry("torch.ByteStorage", "U8"),
            Map.entry("torch.BoolStorage", "BOOL"),
            Map.entry("torch.ComplexFloatStorage", "C64"));

    /** One tuple may be the shape of many tensors, each of which has its own numbers. Weights have up to four. */
    private static final int MOST_SIDES = 32;

    private TorchObjects() {}

    /** Something of Python's, by its module and name. */
    private record Global(String name) {}

    /**
     * Memory that one tensor or several lie in.
     *
     * @param type of its elements, by safetensors' name
     * @param key which of the file's it is
     */
    record Storage(String type, String key, long elements) {}

    /**
     * A tensor, whose element (i, j, ..) is {@code offset + i * strides[0] + j * strides[1] + ..} of its storage. Nothing is checked but that no number is less than 0 and each side has
     * a stride.
     */
    record Tensor(Storage storage, long offset, long[] shape, long[] strides) {}

    /** @throws io.tokenwise.api.BadFileException if it is none that dictionaries of tensors need */
    static Object global(BinaryReader in, String name) {
        boolean known = List.of(DICTIONARY, TENSOR, PARAMETER).contains(name) || TYPES.containsKey(name);
        if (!known) {
            throw in.bad(
                    "names " + name + ", which is neither a dictionary nor a tensor of values that are read: nothing of"
                            + " Python is run" + WAY_OUT);
        }
        return new Global(name);
    }

    /** @throws io.tokenwise.api.BadFileException if that is no function, or it has other arguments than torch.save writes */
    static Object call(BinaryReader in, Object function, Object[] arguments) {
        String name = function instanceof Global global ? global.name : kind(function);
        if (name.equals(DICTIONARY) && arguments.length == 0) {
            return new LinkedHashMap<String, Object>();
        }
        if (name.equals(PARAMETER) && arguments.length == 3 && arguments[0] instanceof Tensor tensor) {
            return tensor;
        }
        // Gradients and hooks mean nothing here; what stands last negates values, or conjugates them.
        boolean sized = arguments.length == 6 || arguments.length == 7 && isEmpty(arguments[6]);
        if (name.equals(TENSOR) && sized && arguments[0] instanceof Storage storage) {
            long offset = natural(in, arguments[1]);
            long[] shape = naturals(in, arguments[2]);
            long[] strides = naturals(in, arguments[3]);
            if (shape.length == strides.length) {
                return new Tensor(storage, offset, shape, strides);
            }
        }
        throw in.bad("calls " + name + " with " + arguments.length + " arguments that torch.save does not give it for a"
                + " tensor of plain values" + WAY_OUT);
    }

    /** What torch.save writes in place of memory: {@code ("storage", type, key, device, elements)}; before 1.6 behind them None, where it is not a part of other memory. */
    static Storage storage(BinaryReader in, Object id) {
        boolean known = id instanceof Object[] parts
                && (parts.length == 5 || parts.length == 6 && parts[5] == null)
                && "storage".equals(parts[0])
                && parts[1] instanceof Global type
                && TYPES.containsKey(type.name)
                && parts[2] instanceof String
                && parts[3] instanceof String;
        if (!known) {
            throw in.bad("refers to something outside that is no memory of a tensor" + WAY_OUT);
        }
        Object[] parts = (Object[]) id;
        String type = TYPES.get(((Global) parts[1]).name);
        return new Storage(type, (String) parts[2], natural(in, parts[4]));
    }

    private static boolean isEmpty(Object metadata) {
        return metadata == null || metadata instanceof Map<?, ?> map && map.isEmpty();
    }

    private static long[] naturals(BinaryReader in, Object tuple) {
        if (!(tuple instanceof Object[] numbers) || numbers.length > MOST_SIDES) {
            throw in.bad("has " + kind(tuple) + " for a shape; must be a tuple of up to " + MOST_SIDES + " numbers");
        }
        var naturals = new long[numbers.length];
        for (int i = 0; i < numbers.length; i++) {
            naturals[i] = natural(in, numbers[i]);
        }
        return naturals;
    }

    private static long natural(BinaryReader in, Object number) {
        if (!(number instanceof Long natural) || natural < 0) {
            throw in.bad("has " + kind(number) + " for a size or a place; must be a number from 0");
        }
        return natural;
    }

    /** What messages call a value. */
    static String kind(Object value) {
        return switch (value) {
            case null -> "None";
            case Tensor _ -> "a tensor";
            case Storage _ -> "the memory of a tensor";
            case Map<?, ?> _ -> "a dictionary";
            case List<?> _ -> "a list";
            case Object[] _ -> "a tuple";
            case String _ -> "a text";
            case Long _, Double _, Boolean _ -> "the number or truth value " + value;
            case Global global -> global.name;
            default -> value.getClass().getSimpleName();
        };
    }
}
