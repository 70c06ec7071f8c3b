#define _GNU_SOURCE
#include "CSndFile.h"
#include <dlfcn.h>

// libsndfile decodes MP3 with libmpg123 and leaves that library's notes about damaged files switched on: they go straight to
// standard error, where a command owes one clear line and the studio a clean screen. libsndfile offers no way to reach its
// decoder, so the program provides the constructor it calls, which makes the same decoder and asks it to be quiet.

// Of mpg123.h: MPG123_ADD_FLAGS, MPG123_QUIET.
enum { lathe_mpg123_add_flags = 2, lathe_mpg123_quiet = 0x20 };

void *mpg123_new(const char *decoder, int *error)
{
    void *(*make)(const char *, int *) = (void *(*)(const char *, int *))dlsym(RTLD_NEXT, "mpg123_new");
    int (*set)(void *, int, long, double) = (int (*)(void *, int, long, double))dlsym(RTLD_NEXT, "mpg123_param2");
    if (!set)
        set = (int (*)(void *, int, long, double))dlsym(RTLD_NEXT, "mpg123_param");
    if (!make)
        return 0;
    void *handle = make(decoder, error);
    if (handle && set)
        set(handle, lathe_mpg123_add_flags, lathe_mpg123_quiet, 0);
    return handle;
}
