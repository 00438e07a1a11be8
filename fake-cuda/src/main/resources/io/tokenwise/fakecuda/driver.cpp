// The simulated driver in one unit: quicker to compile than its parts alone.
#include "context.cpp"
#include "copying.cpp"
#include "ordering.cpp"
#include "graphs.cpp"
#include "modules.cpp"
#include "nvrtc.cpp"
#include "cublaslt.cpp"
#include "control.cpp"
