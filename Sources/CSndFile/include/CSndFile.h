// libsndfile, with the variadic-free wrappers Swift needs.
#ifndef LATHE_CSNDFILE_H
#define LATHE_CSNDFILE_H
#include <sndfile.h>
#endif
