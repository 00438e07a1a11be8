"""SoX's library: the mean of a WAV file's channels as float32, behind a line of what it is. With the argument `resample`, at 16 kHz by SoX's own filter."""

import sys
from ctypes import CDLL, POINTER, Structure, byref, c_char_p, c_double, c_int, c_size_t, c_uint, c_uint64, c_void_p, cast, string_at

import numpy as np

import peer

SPEECH_HZ = 16_000
FLOAT, SIGNED = 3, 1
MOST_SAMPLES = 1 << 20
FULL_SCALE = 2.0**31


class Signal(Structure):
    _fields_ = [("rate", c_double), ("channels", c_uint), ("precision", c_uint), ("length", c_uint64), ("mult", c_void_p)]


class Encoding(Structure):
    _fields_ = [("encoding", c_int), ("bits", c_uint), ("compression", c_double), ("reverse_bytes", c_int), ("reverse_nibbles", c_int),
                ("reverse_bits", c_int), ("opposite_endian", c_int)]


class Format(Structure):
    """The first fields of sox_format_t (sox.h of 14.4.2)."""
    _fields_ = [("filename", c_char_p), ("signal", Signal), ("encoding", Encoding)]


sox = CDLL("libsox.so.3")
libc = CDLL(None)
for function, result, arguments in [
    ("sox_version", c_char_p, []),
    ("sox_open_mem_read", POINTER(Format), [c_char_p, c_size_t, c_void_p, c_void_p, c_char_p]),
    ("sox_open_memstream_write", POINTER(Format), [c_void_p, c_void_p, POINTER(Signal), POINTER(Encoding), c_char_p, c_void_p]),
    ("sox_read", c_size_t, [POINTER(Format), c_void_p, c_size_t]),
    ("sox_close", c_int, [POINTER(Format)]),
    ("sox_create_effects_chain", c_void_p, [POINTER(Encoding), POINTER(Encoding)]),
    ("sox_find_effect", c_void_p, [c_char_p]),
    ("sox_create_effect", c_void_p, [c_void_p]),
    ("sox_effect_options", c_int, [c_void_p, c_int, c_void_p]),
    ("sox_add_effect", c_int, [c_void_p, c_void_p, POINTER(Signal), POINTER(Signal)]),
    ("sox_flow_effects", c_int, [c_void_p, c_void_p, c_void_p]),
    ("sox_delete_effects_chain", None, [c_void_p]),
]:
    getattr(sox, function).restype = result
    getattr(sox, function).argtypes = arguments
libc.free.argtypes = [c_void_p]


def samples(wav):
    buffer = np.empty(MOST_SAMPLES, "i4")
    count = sox.sox_read(wav, buffer.ctypes.data, MOST_SAMPLES)
    assert count < MOST_SAMPLES
    return buffer[:count]


def resampled(wav):
    """As the program's `rate -v` does it."""
    memory, size = c_void_p(), c_size_t()
    channels = wav.contents.signal.channels
    wanted = Signal(SPEECH_HZ, channels, 32, 0, None)
    out = sox.sox_open_memstream_write(byref(memory), byref(size), byref(wanted), byref(Encoding(SIGNED, 32)), b"s32", None)
    chain = sox.sox_create_effects_chain(byref(wav.contents.encoding), byref(out.contents.encoding))
    signal = Signal.from_buffer_copy(wav.contents.signal)

    def add(name, *options):
        effect = sox.sox_create_effect(sox.sox_find_effect(name))
        values = (c_void_p * max(1, len(options)))(*options)
        assert sox.sox_effect_options(effect, len(options), values) == 0
        assert sox.sox_add_effect(chain, effect, byref(signal), byref(out.contents.signal)) == 0
        libc.free(effect)

    very_high, rate = c_char_p(b"-v"), c_char_p(b"16000")
    add(b"input", cast(wav, c_void_p).value)
    add(b"rate", cast(very_high, c_void_p).value, cast(rate, c_void_p).value)
    add(b"output", cast(out, c_void_p).value)
    sox.sox_flow_effects(chain, None, None)
    sox.sox_delete_effects_chain(chain)
    sox.sox_close(out)
    made = np.frombuffer(string_at(memory, size.value), "<i4")
    libc.free(memory)
    return made


def read(content):
    wav = sox.sox_open_mem_read(content, len(content), None, None, b"wav")
    if not wav:
        raise ValueError("sox_open_mem_read refuses it")
    try:
        signal = wav.contents.signal
        coding = "float" if wav.contents.encoding.encoding == FLOAT else "pcm"
        line = f"{coding} {signal.rate:.0f} {signal.channels}\n".encode()
        channels = signal.channels
        numbers = resampled(wav) if sys.argv[1:] == ["resample"] and signal.rate != SPEECH_HZ else samples(wav)
    finally:
        sox.sox_close(wav)
    values = (numbers / FULL_SCALE).astype("<f4").reshape(-1, channels)
    if channels == 2:
        values = values[:, :1] / np.float32(2) + values[:, 1:] / np.float32(2)
    return line + values.astype("<f4").tobytes()


sox.sox_init()
sox.sox_format_init()
peer.serve(f"SoX {sox.sox_version().decode()}", read)
