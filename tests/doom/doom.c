/* Counts what a program does to files, and from the operation of a given number on the disk fails
 * as it is told, or the program is killed.
 *
 * DOOM_CLOCK says by how many seconds the machine's clock is wrong.
 *
 * Loaded before the system's library (LD_PRELOAD). DOOM_FATE names a file that holds `struct fate`,
 * which is shared with whoever set it (tests/src/doom/fate.rs). Only files on a disk count: sockets,
 * pipes and terminals do not, nor does that file. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* `at` is 0 while nothing is to happen; of a torn write `share` of 256 parts are written; `struck`
 * says that it happened, as 2 once a write came out in part. */
static struct fate {
    _Atomic uint64_t count, at, what, share, struck;
} *fate;
static struct stat own;

enum what { KILL, POWER, SHORT_WRITE, FAILED_SYNC, FULL };
enum kind { WRITES, SYNCS, NAMES };

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("DOOM_FATE");
    int file = path ? open(path, O_RDWR) : -1;
    if (file < 0) return;
    void *mapped = mmap(NULL, sizeof *fate, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (fstat(file, &own) == 0 && mapped != MAP_FAILED) fate = mapped;
    close(file);
}

/* How much of this length is done; below 0 it is the error. */
static ssize_t judge(enum kind kind, size_t length) {
    if (!fate) return length;
    uint64_t number = atomic_fetch_add(&fate->count, 1) + 1, at = fate->at;
    if (!at || number < at) return length;
    switch (fate->what) {
    case KILL:
        if (number == at) kill(getpid(), SIGKILL);
        return length;
    case POWER: {
        size_t part = number == at && kind == WRITES ? length * fate->share / 256 : 0;
        if (number == at) fate->struck = part ? 2 : 1;
        return part ? (ssize_t)part : -EIO;
    }
    case SHORT_WRITE:
        if (kind != WRITES || fate->struck == 2) return length;
        fate->struck = !fate->struck && length > 1 ? 1 : 2;
        return fate->struck == 1 ? (ssize_t)(length / 2) : -ENOSPC;
    case FAILED_SYNC:
        if (kind != SYNCS || fate->struck) return length;
        fate->struck = 1;
        return -EIO;
    default:
        if (kind != WRITES) return length;
        fate->struck = 1;
        return -ENOSPC;
    }
}

static ssize_t judge_write(int file, size_t length) {
    struct stat known;
    if (fstat(file, &known) || !S_ISREG(known.st_mode)) return length;
    if (known.st_ino == own.st_ino && known.st_dev == own.st_dev) return length;
    return judge(WRITES, length);
}

static bool refused(ssize_t judged) {
    if (judged < 0) errno = -judged;
    return judged < 0;
}

#define NEXT(name) \
    static __typeof__(&name) next; \
    if (!next) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name);

ssize_t write(int file, const void *bytes, size_t length) {
    NEXT(write) ssize_t part = judge_write(file, length);
    return refused(part) ? -1 : next(file, bytes, part);
}
ssize_t writev(int file, const struct iovec *parts, int length) {
    NEXT(writev) ssize_t part = judge_write(file, length);
    return refused(part) ? -1 : next(file, parts, part);
}
ssize_t pwrite(int file, const void *bytes, size_t length, off_t place) {
    NEXT(pwrite) ssize_t part = judge_write(file, length);
    return refused(part) ? -1 : next(file, bytes, part, place);
}
ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t place) {
    NEXT(pwrite64) ssize_t part = judge_write(file, length);
    return refused(part) ? -1 : next(file, bytes, part, place);
}
ssize_t copy_file_range(int from, off64_t *start, int to, off64_t *place, size_t length, unsigned flags) {
    NEXT(copy_file_range) ssize_t part = judge_write(to, length);
    return refused(part) ? -1 : next(from, start, to, place, part, flags);
}
int mkdir(const char *path, mode_t mode) {
    NEXT(mkdir) return refused(judge(WRITES, 1)) ? -1 : next(path, mode);
}
int link(const char *from, const char *to) {
    NEXT(link) return refused(judge(WRITES, 1)) ? -1 : next(from, to);
}
int linkat(int old, const char *from, int new, const char *to, int flags) {
    NEXT(linkat) return refused(judge(WRITES, 1)) ? -1 : next(old, from, new, to, flags);
}
int fsync(int file) {
    NEXT(fsync) return refused(judge(SYNCS, 0)) ? -1 : next(file);
}
int fdatasync(int file) {
    NEXT(fdatasync) return refused(judge(SYNCS, 0)) ? -1 : next(file);
}
int ftruncate(int file, off_t length) {
    NEXT(ftruncate) return refused(judge(NAMES, 0)) ? -1 : next(file, length);
}
int ftruncate64(int file, off64_t length) {
    NEXT(ftruncate64) return refused(judge(NAMES, 0)) ? -1 : next(file, length);
}
int rename(const char *from, const char *to) {
    NEXT(rename) return refused(judge(NAMES, 0)) ? -1 : next(from, to);
}
int unlink(const char *path) {
    NEXT(unlink) return refused(judge(NAMES, 0)) ? -1 : next(path);
}
int unlinkat(int folder, const char *path, int flags) {
    NEXT(unlinkat) return refused(judge(NAMES, 0)) ? -1 : next(folder, path, flags);
}
int clock_gettime(clockid_t clock, struct timespec *now) {
    NEXT(clock_gettime) int told = next(clock, now);
    const char *wrong = getenv("DOOM_CLOCK");
    if (told == 0 && clock == CLOCK_REALTIME && wrong) now->tv_sec += strtoll(wrong, NULL, 10);
    return told;
}
