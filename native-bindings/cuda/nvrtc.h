// NVRTC's functions that we bind, written from its documented interface, since no package that is at hand has its header. A program is opaque.
#include <stddef.h>

enum {
    NVRTC_SUCCESS = 0,
    NVRTC_ERROR_COMPILATION = 6,
    NVRTC_ERROR_BUILTIN_OPERATION_FAILURE = 7
};

int nvrtcVersion(int *major, int *minor);
const char *nvrtcGetErrorString(int result);
int nvrtcGetNumSupportedArchs(int *count);
int nvrtcGetSupportedArchs(int *archs);
int nvrtcCreateProgram(void **program, const char *source, const char *name, int headerCount, const char *const *headers,
                       const char *const *headerNames);
int nvrtcDestroyProgram(void **program);
int nvrtcCompileProgram(void *program, int optionCount, const char *const *options);
int nvrtcGetProgramLogSize(void *program, size_t *bytes);
int nvrtcGetProgramLog(void *program, char *log);
int nvrtcGetCUBINSize(void *program, size_t *bytes);
int nvrtcGetCUBIN(void *program, char *cubin);
int nvrtcGetPTXSize(void *program, size_t *bytes);
int nvrtcGetPTX(void *program, char *ptx);
