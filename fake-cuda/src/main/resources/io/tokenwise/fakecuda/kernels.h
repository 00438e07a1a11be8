// What every source of kernels begins with; compiled once, since g++ takes longer for it than for many a source.
#pragma once

#include "shim.h"
#include "registry.h"
