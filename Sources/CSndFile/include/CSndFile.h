// libsndfile. CSndFile.c keeps its MP3 decoder from writing to standard error.
#ifndef LATHE_CSNDFILE_H
#define LATHE_CSNDFILE_H
#include <sndfile.h>
#endif
