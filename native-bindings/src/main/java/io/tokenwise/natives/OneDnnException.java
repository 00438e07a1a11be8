package io.tokenwise.natives;

import io.tokenwise.natives.generated.onednn.Dnnl;

/** A call of oneDNN failed. The message, one line, names the call, the status and what it was about. */
public final class OneDnnException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private OneDnnException(String message) {
        super(message);
    }

    /** Throws unless a call's status is success; {@code about} is a product, or what else was asked for. */
    static void check(int status, String call, Object about) {
        if (status != Dnnl.dnnl_success()) {
            throw new OneDnnException("oneDNN: " + call + ": " + meaning(status) + ": " + about);
        }
    }

    private static String meaning(int status) {
        if (status == Dnnl.dnnl_out_of_memory()) {
            return "out of memory";
        } else if (status == Dnnl.dnnl_invalid_arguments()) {
            return "invalid arguments";
        } else if (status == Dnnl.dnnl_unimplemented()) {
            return "not offered by this library on this processor";
        } else if (status == Dnnl.dnnl_runtime_error()) {
            return "failed at run time";
        }
        return "status " + status;
    }
}
