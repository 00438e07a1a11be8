package io.tokenwise.io;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads pickles of Python's, of which it knows the opcodes that dictionaries of tensors are written with (CPython's Lib/pickletools.py says what each does). Nothing of Python is
 * run: what a pickle may name and call is what {@link TorchObjects} has, and that makes values.
 *
 * <p>Values are {@link Map} (its keys are texts), {@link List}, {@code Object[]} (a tuple), {@link String}, {@link Long}, {@link Double}, {@link Boolean}, null and those of {@link TorchObjects}. No
 * method looks into values that hold others, so that depth costs nothing.
 */
final class Pickle {
    /** Of all pickles of a file. Each takes up to 80 bytes. A tensor has 32 of them. */
    private static final int MOST_OPCODES = 400_000;

    private static final int HIGHEST_PROTOCOL = 5;
    private static final int MOST_LETTERS = 200;
    private static final int STOP = '.';
    private static final Object MARK = new Object();

    private final BinaryReader in;
    private final List<Object> stack = new ArrayList<>();
    private final Map<Integer, Object> memo = new HashMap<>();
    private int opcodes;

    /** @param in pickles, one behind the other */
    Pickle(BinaryReader in) {
        this.in = in;
    }

    /**
     * The value of the next pickle; the reader stands behind it then.
     *
     * @throws io.tokenwise.api.BadFileException if it has an opcode or a global that is not known, or uses one as Python does not
     */
    Object next() {
        memo.clear();
        while (opcodes++ < MOST_OPCODES) {
            int opcode = in.unsigned8();
            if (opcode == STOP) {
                Object result = pop();
                if (!stack.isEmpty()) {
                    throw in.bad("leaves " + stack.size() + " values at its end");
                }
                return result;
            }
            run(opcode);
        }
        throw in.bad("has more than " + MOST_OPCODES + " opcodes");
    }

    private void run(int opcode) {
        switch (opcode) {
            case 0x80 -> requireProtocol(in.unsigned8()); // PROTO
            case 0x95 -> in.fixed64(); // FRAME, how far to read ahead
            case '(' -> stack.add(MARK);
            case 'q' -> memo.put(in.unsigned8(), top()); // BINPUT
            case 'r' -> memo.put(in.fixed32(), top()); // LONG_BINPUT
            case 0x94 -> memo.put(memo.size(), top()); // MEMOIZE
            case 'h' -> stack.add(recalled(in.unsigned8())); // BINGET
            case 'j' -> stack.add(recalled(in.fixed32())); // LONG_BINGET
            case 't' -> stack.add(popToMark()); // TUPLE
            case 0x85 -> stack.add(pop(1)); // TUPLE1
            case 0x86 -> stack.add(pop(2)); // TUPLE2
            case 0x87 -> stack.add(pop(3)); // TUPLE3
            case 'a' -> append(pop(1)); // APPEND
            case 'e' -> append(popToMark()); // APPENDS
            case 's' -> put(pop(2)); // SETITEM
            case 'u' -> put(popToMark()); // SETITEMS
            case 'b' -> build();
            case 'c' -> stack.add(TorchObjects.global(in, line() + "." + line())); // GLOBAL
            case 0x93 -> stack.add(global(pop(2))); // STACK_GLOBAL
            case 'R' -> stack.add(call(pop(2))); // REDUCE
            case 'Q' -> stack.add(TorchObjects.storage(in, pop())); // BINPERSID
            default -> stack.add(value(opcode));
        }
    }

    /** Those that put a new value on the stack. */
    private Object value(int opcode) {
        return switch (opcode) {
            case 'N' -> null; // NONE
            case 0x88 -> Boolean.TRUE; // NEWTRUE
            case 0x89 -> Boolean.FALSE; // NEWFALSE
            case 'K' -> (long) in.unsigned8(); // BININT1
            case 'M' -> (long) in.unsigned16(); // BININT2
            case 'J' -> (long) in.fixed32(); // BININT
            case 0x8a -> number(in.take(in.unsigned8())); // LONG1
            case 'G' -> Double.longBitsToDouble(Long.reverseBytes(in.fixed64())); // BINFLOAT
            case 'X' -> text(in.fixed32()); // BINUNICODE
            case 0x8c -> text(in.unsigned8()); // SHORT_BINUNICODE
            case '}' -> new LinkedHashMap<String, Object>(); // EMPTY_DICT
            case ']' -> new ArrayList<>(0); // EMPTY_LIST
            case ')' -> new Object[0]; // EMPTY_TUPLE
            default ->
                throw in.bad("has the opcode 0x%02x, which no dictionary of tensors needs".formatted(opcode)
                        + TorchObjects.WAY_OUT);
        };
    }

    private void requireProtocol(int protocol) {
        if (protocol > HIGHEST_PROTOCOL) {
            throw in.bad("has protocol " + protocol + " of Python's pickle; read are those up to " + HIGHEST_PROTOCOL);
        }
    }

    private Object top() {
        Object top = stack.isEmpty() ? MARK : stack.getLast();
        if (top == MARK) {
            throw in.bad("takes a value where there is none");
        }
        return top;
    }

    private Object pop() {
        Object top = top();
        stack.removeLast();
        return top;
    }

    /** The last values, in their order. */
    private Object[] pop(int count) {
        var values = new Object[count];
        for (int i = count - 1; i >= 0; i--) {
            values[i] = pop();
        }
        return values;
    }

    private Object[] popToMark() {
        int mark = stack.lastIndexOf(MARK);
        if (mark < 0) {
            throw in.bad("takes all values since a mark that there is not");
        }
        Object[] values = pop(stack.size() - mark - 1);
        stack.removeLast();
        return values;
    }

    private Object recalled(int index) {
        if (!memo.containsKey(index)) {
            throw in.bad("recalls value " + Integer.toUnsignedString(index) + ", which it has not put away");
        }
        return memo.get(index);
    }

    /** Appends to the list on the stack. */
    private void append(Object[] values) {
        if (!(top() instanceof ArrayList<?> list)) {
            throw in.bad("appends to " + TorchObjects.kind(top()) + ", which is no list");
        }
        @SuppressWarnings("unchecked") // All lists are made by value().
        var all = (List<Object>) list;
        Collections.addAll(all, values);
    }

    /** Puts keys, each with its value behind it, into the dictionary on the stack. */
    private void put(Object[] items) {
        if (!(top() instanceof Map<?, ?> map) || items.length % 2 != 0) {
            throw in.bad("puts " + items.length + " keys and values into " + TorchObjects.kind(top()));
        }
        @SuppressWarnings("unchecked") // All maps are made by value() and TorchObjects.
        var dictionary = (Map<String, Object>) map;
        for (int i = 0; i < items.length; i += 2) {
            if (!(items[i] instanceof String key)) {
                throw in.bad("has a dictionary with " + TorchObjects.kind(items[i]) + " as a key; must be texts"
                        + TorchObjects.WAY_OUT);
            }
            if (dictionary.containsKey(key)) {
                throw in.bad("has " + key + " twice");
            }
            dictionary.put(key, items[i + 1]);
        }
    }

    /** Of a state_dict: its attribute {@code _metadata}, the version of each module, which we need not know. */
    private void build() {
        Object state = pop();
        if (!(top() instanceof Map) || !(state instanceof Map)) {
            throw in.bad("gives attributes to " + TorchObjects.kind(top())
                    + "; only a dictionary of tensors may have some" + TorchObjects.WAY_OUT);
        }
    }

    private Object global(Object[] names) {
        if (!(names[0] instanceof String module && names[1] instanceof String name)) {
            throw in.bad("names a global by " + TorchObjects.kind(names[0]) + " and " + TorchObjects.kind(names[1]));
        }
        return TorchObjects.global(in, module + "." + name);
    }

    private Object call(Object[] call) {
        if (!(call[1] instanceof Object[] arguments)) {
            throw in.bad("calls a function with " + TorchObjects.kind(call[1]) + ", which is no tuple");
        }
        return TorchObjects.call(in, call[0], arguments);
    }

    /** Up to the end of the line, of a global's name. */
    private String line() {
        var line = new StringBuilder();
        for (int next = in.unsigned8(); next != '\n'; next = in.unsigned8()) {
            if (line.length() == MOST_LETTERS) {
                throw in.bad("names a global with more than " + MOST_LETTERS + " letters");
            }
            line.append((char) next);
        }
        return line.toString();
    }

    /** Little-endian, with a sign. */
    private Object number(byte[] bytes) {
        if (bytes.length > Long.BYTES) {
            throw in.bad("has a number of " + bytes.length + " bytes; up to " + Long.BYTES + " are read");
        }
        long number = bytes.length > 0 && bytes[bytes.length - 1] < 0 ? -1 : 0;
        for (int i = bytes.length - 1; i >= 0; i--) {
            number = number << Byte.SIZE | Byte.toUnsignedLong(bytes[i]);
        }
        return number;
    }

    private String text(int bytes) {
        if (bytes < 0) {
            throw in.bad("has a text of " + Integer.toUnsignedString(bytes) + " bytes, which is longer than itself");
        }
        byte[] utf8 = in.take(bytes);
        // Cheaper than a decoder for each text; the decoder tells a letter that is not one from the mark for it.
        String text = new String(utf8, StandardCharsets.UTF_8);
        return text.indexOf('\uFFFD') < 0 ? text : in.text(utf8);
    }
}
