// What jextract reads for the driver API: the toolkit's own header, and one name that it hides.
#include <cuda.h>

// The header of CUDA 13 turns this name into that of a second version, which drivers before 12.8 do not export. The first one is in all.
#undef cuEventElapsedTime
CUresult cuEventElapsedTime(float *milliseconds, CUevent start, CUevent end);
