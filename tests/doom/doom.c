/* Counts what a program does to files, and from the operation of a given number on the disk fails
 * as it is told, or the program is killed. Counts too how often a file gets a name whose last bytes
 * were not synced: after a power cut that name may hold nothing.
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
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* `at` is 0 while nothing is to happen; of a torn write `share` of 256 parts are written; `struck`
 * says that it happened, as 2 once a write came out in part; so many names were `hasty`. */
static struct fate {
    _Atomic uint64_t count, at, what, share, struck, hasty;
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

/* Files that were written since they were last synced. */
static struct { dev_t device; ino_t number; } dirty[1024];
static size_t dirty_count;
static pthread_mutex_t dirty_lock = PTHREAD_MUTEX_INITIALIZER;

enum note { WRITTEN, SYNCED, ASKED };

/* Whether it was among them. */
static bool note(enum note what, const struct stat *known) {
    if (!fate || !S_ISREG(known->st_mode)) return false;
    pthread_mutex_lock(&dirty_lock);
    size_t at = 0;
    while (at < dirty_count &&
           (dirty[at].device != known->st_dev || dirty[at].number != known->st_ino)) at++;
    bool found = at < dirty_count;
    if (what == SYNCED && found) dirty[at] = dirty[--dirty_count];
    if (what == WRITTEN && !found) {
        if (at == sizeof dirty / sizeof *dirty) {
            fputs("doom.c: too many files are not synced\n", stderr);
            abort();
        }
        dirty[at].device = known->st_dev;
        dirty[at].number = known->st_ino;
        dirty_count++;
    }
    pthread_mutex_unlock(&dirty_lock);
    return found;
}

static void note_file(enum note what, int file) {
    struct stat known;
    if (fate && fstat(file, &known) == 0) note(what, &known);
}

/* A name is given. The daemon's cookie is made anew at each start: nobody looks for an old one. */
static void named(int folder, const char *path, const char *to) {
    struct stat known;
    const char *last = strrchr(to, '/');
    if (strcmp(last ? last + 1 : to, ".cookie") == 0) return;
    if (fate && fstatat(folder, path, &known, AT_SYMLINK_NOFOLLOW) == 0 && note(ASKED, &known))
        fate->hasty++;
}

/* A name is taken: with the last one nobody asks for the file again. */
static void unnamed(int folder, const char *path) {
    struct stat known;
    if (fate && fstatat(folder, path, &known, AT_SYMLINK_NOFOLLOW) == 0 && known.st_nlink == 1)
        note(SYNCED, &known);
}

static ssize_t judge_write(int file, size_t length) {
    struct stat known;
    if (fstat(file, &known) || !S_ISREG(known.st_mode)) return length;
    if (known.st_ino == own.st_ino && known.st_dev == own.st_dev) return length;
    note(WRITTEN, &known);
    return judge(WRITES, length);
}

/* After a sync: one that failed has kept nothing. Noted before it, as others may write meanwhile. */
static int synced(int file, int done) {
    int error = errno;
    if (done != 0) note_file(WRITTEN, file);
    errno = error;
    return done;
}

/* Whether a file is made or emptied by opening it. */
static bool makes(int folder, const char *path, int flags) {
    if (!fate || !(flags & (O_CREAT | O_TRUNC)) || (flags & O_TMPFILE) == O_TMPFILE) return false;
    struct stat known;
    bool there = fstatat(folder, path, &known, 0) == 0;
    return there ? S_ISREG(known.st_mode) && flags & O_TRUNC : flags & O_CREAT;
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
int rmdir(const char *path) {
    NEXT(rmdir) return refused(judge(NAMES, 0)) ? -1 : next(path);
}
int chmod(const char *path, mode_t mode) {
    NEXT(chmod) return refused(judge(NAMES, 0)) ? -1 : next(path, mode);
}
int fchmod(int file, mode_t mode) {
    NEXT(fchmod) return refused(judge(NAMES, 0)) ? -1 : next(file, mode);
}
#define MODE \
    va_list more; \
    va_start(more, flags); \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; \
    va_end(more);
int open(const char *path, int flags, ...) {
    MODE NEXT(open) return makes(AT_FDCWD, path, flags) && refused(judge(NAMES, 0)) ? -1 : next(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    MODE NEXT(open64) return makes(AT_FDCWD, path, flags) && refused(judge(NAMES, 0)) ? -1 : next(path, flags, mode);
}
int openat(int folder, const char *path, int flags, ...) {
    MODE NEXT(openat) return makes(folder, path, flags) && refused(judge(NAMES, 0)) ? -1 : next(folder, path, flags, mode);
}
int openat64(int folder, const char *path, int flags, ...) {
    MODE NEXT(openat64) return makes(folder, path, flags) && refused(judge(NAMES, 0)) ? -1 : next(folder, path, flags, mode);
}
int link(const char *from, const char *to) {
    NEXT(link) if (refused(judge(WRITES, 1))) return -1;
    named(AT_FDCWD, from, to);
    return next(from, to);
}
int linkat(int old, const char *from, int new, const char *to, int flags) {
    NEXT(linkat) if (refused(judge(WRITES, 1))) return -1;
    named(old, from, to);
    return next(old, from, new, to, flags);
}
int fsync(int file) {
    NEXT(fsync) if (refused(judge(SYNCS, 0))) return -1;
    note_file(SYNCED, file);
    return synced(file, next(file));
}
int fdatasync(int file) {
    NEXT(fdatasync) if (refused(judge(SYNCS, 0))) return -1;
    note_file(SYNCED, file);
    return synced(file, next(file));
}
int ftruncate(int file, off_t length) {
    NEXT(ftruncate) if (refused(judge(NAMES, 0))) return -1;
    note_file(WRITTEN, file);
    return next(file, length);
}
int ftruncate64(int file, off64_t length) {
    NEXT(ftruncate64) if (refused(judge(NAMES, 0))) return -1;
    note_file(WRITTEN, file);
    return next(file, length);
}
int rename(const char *from, const char *to) {
    NEXT(rename) if (refused(judge(NAMES, 0))) return -1;
    named(AT_FDCWD, from, to);
    return next(from, to);
}
int unlink(const char *path) {
    NEXT(unlink) if (refused(judge(NAMES, 0))) return -1;
    unnamed(AT_FDCWD, path);
    return next(path);
}
int unlinkat(int folder, const char *path, int flags) {
    NEXT(unlinkat) if (refused(judge(NAMES, 0))) return -1;
    unnamed(folder, path);
    return next(folder, path, flags);
}
int clock_gettime(clockid_t clock, struct timespec *now) {
    NEXT(clock_gettime) int told = next(clock, now);
    const char *wrong = getenv("DOOM_CLOCK");
    if (told == 0 && clock == CLOCK_REALTIME && wrong) now->tv_sec += strtoll(wrong, NULL, 10);
    return told;
}
