/* Preloaded into a server: while the file named by BENCH_SLOW_FSYNC exists, every fsync and fdatasync takes 300 ms longer. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void linger(void) {
    const char *mark = getenv("BENCH_SLOW_FSYNC");
    if (mark != NULL && access(mark, F_OK) == 0) {
        struct timespec pause = {0, 300 * 1000 * 1000};
        nanosleep(&pause, NULL);
    }
}

int fsync(int file) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    linger();
    return real(file);
}

int fdatasync(int file) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    linger();
    return real(file);
}
