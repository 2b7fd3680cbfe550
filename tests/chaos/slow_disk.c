/* Makes the disk slow on demand: preloaded into a process, it delays every write and every sync to
 * a regular file by CHAOS_SLOW_MS milliseconds while the file named by CHAOS_SLOW_FLAG exists.
 * Sockets and pipes are left alone, so that only the disk is slow and not the network. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static void delay(int fd) {
    const char *flag = getenv("CHAOS_SLOW_FLAG"), *span = getenv("CHAOS_SLOW_MS");
    struct stat about;
    if (!flag || !span || access(flag, F_OK) || fstat(fd, &about) || !S_ISREG(about.st_mode)) return;
    long ms = atol(span);
    struct timespec wait = {ms / 1000, (ms % 1000) * 1000000L};
    nanosleep(&wait, NULL);
}

#define SLOWED(type, name, declared, given)                          \
    type name declared {                                             \
        static type(*real) declared;                                 \
        if (!real) real = (type(*) declared)dlsym(RTLD_NEXT, #name); \
        delay(fd);                                                   \
        return real given;                                           \
    }

SLOWED(ssize_t, write, (int fd, const void *from, size_t n), (fd, from, n))
SLOWED(ssize_t, writev, (int fd, const struct iovec *from, int n), (fd, from, n))
SLOWED(ssize_t, pwrite, (int fd, const void *from, size_t n, off_t at), (fd, from, n, at))
SLOWED(ssize_t, pwrite64, (int fd, const void *from, size_t n, off64_t at), (fd, from, n, at))
SLOWED(ssize_t, pwritev, (int fd, const struct iovec *from, int n, off_t at), (fd, from, n, at))
SLOWED(ssize_t, pwritev64, (int fd, const struct iovec *from, int n, off64_t at), (fd, from, n, at))
SLOWED(int, fsync, (int fd), (fd))
SLOWED(int, fdatasync, (int fd), (fd))
