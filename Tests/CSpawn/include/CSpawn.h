// Processes for tests: the calls that need _GNU_SOURCE.
#ifndef LATHE_CSPAWN_H
#define LATHE_CSPAWN_H

/* A pipe that no process inherits unless it is named in lathe_test_spawn. 0, or -1 with errno. */
int lathe_test_pipe(int ends[2]);

/* Starts `arguments[0]` in `folder` (null: here) with descriptors 0 to 3 from `given` (-1: as they are here) and no others,
   and no signal blocked. Answers with the process, or with a negative error number. */
int lathe_test_spawn(char *const arguments[], char *const environment[], const char *folder, const int given[4]);
#endif
