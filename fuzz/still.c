/* Gives a process the same moment and the same randomness at every call, so that what it does
 * follows from its inputs alone: dates in replies, timers, the order of hash tables.
 *
 * Loaded before the system's library (LD_PRELOAD) by `fuzz/run counted`. Nothing may be secret there. */

#include <string.h>
#include <sys/types.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    (void)clock;
    *now = (struct timespec){.tv_sec = 1800000000};
    return 0;
}

ssize_t getrandom(void *bytes, size_t length, unsigned flags) {
    (void)flags;
    memset(bytes, 1, length);
    return (ssize_t)length;
}
