/** oneDNN and CUDA through the Foreign Function and Memory API. */
module io.tokenwise.natives {
    exports io.tokenwise.natives;
    exports io.tokenwise.natives.cuda;
}
