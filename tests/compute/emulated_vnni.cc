#if defined(TURDB_EMULATED_VNNI)
#include "compute/emulated_vnni.h"

#include "compute/cpu/avx512_vnni.cc"
#endif
