// Counts what a thread allocates, so that "does not allocate" can be a test.
#ifndef LATHE_CALLOCATIONS_H
#define LATHE_CALLOCATIONS_H

/// From now on the calling thread's allocations count, from 0.
void lathe_allocations_begin(void);
/// Stops counting; the number of calls to malloc and its kin, and to free, since `begin`.
long lathe_allocations_end(void);
#endif
