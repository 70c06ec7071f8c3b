// FFTW, single precision.
#ifndef LATHE_CFFTW_H
#define LATHE_CFFTW_H
#include <fftw3.h>
#endif
