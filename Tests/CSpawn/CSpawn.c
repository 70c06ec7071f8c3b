#define _GNU_SOURCE
#include "CSpawn.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

int lathe_test_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int lathe_test_spawn(char *const arguments[], char *const environment[], const char *folder, const int given[4]) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    if (posix_spawn_file_actions_init(&actions) != 0) return -ENOMEM;
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return -ENOMEM;
    }
    int code = 0;
    for (int number = 0; number < 4 && code == 0; number++)
        if (given[number] >= 0) code = posix_spawn_file_actions_adddup2(&actions, given[number], number);
    /* Runs in the child, so that it also sees what other threads have opened in the meantime. */
    if (code == 0) code = posix_spawn_file_actions_addclosefrom_np(&actions, 4);
    if (code == 0 && folder) code = posix_spawn_file_actions_addchdir_np(&actions, folder);
    /* The threads of the pool have signals blocked, and a child would keep that. */
    sigset_t none;
    sigemptyset(&none);
    if (code == 0) code = posix_spawnattr_setsigmask(&attributes, &none);
    if (code == 0) code = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    pid_t child = 0;
    if (code == 0) code = posix_spawn(&child, arguments[0], &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return code == 0 ? child : -code;
}
