/*
 * Preloaded before libfaketime (0.9.10), so that it changes the wall clock alone.
 *
 * With FAKETIME_DONT_FAKE_MONOTONIC it leaves clock_gettime(CLOCK_MONOTONIC) as it is, but takes every absolute deadline
 * for one of the wall clock: a wait on a condition of the monotonic clock ends at once (its caller spins), and a timer
 * descriptor of the monotonic clock never fires (libdispatch stands still). Nothing here waits on the wall clock.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

static void *libc(const char *name) {
    void *handle = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
    return handle ? dlsym(handle, name) : NULL;
}

int pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes) {
    static int (*real)(pthread_cond_t *, const pthread_condattr_t *);
    if (!real) real = (int (*)(pthread_cond_t *, const pthread_condattr_t *))libc("pthread_cond_init");
    return real(condition, attributes);
}

int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *deadline) {
    static int (*real)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    if (!real)
        real = (int (*)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *))libc("pthread_cond_timedwait");
    return real(condition, mutex, deadline);
}

int pthread_cond_destroy(pthread_cond_t *condition) {
    static int (*real)(pthread_cond_t *);
    if (!real) real = (int (*)(pthread_cond_t *))libc("pthread_cond_destroy");
    return real(condition);
}

int timerfd_settime(int descriptor, int flags, const struct itimerspec *value, struct itimerspec *old) {
    return (int)syscall(SYS_timerfd_settime, descriptor, flags, value, old);
}

int timerfd_gettime(int descriptor, struct itimerspec *value) {
    return (int)syscall(SYS_timerfd_gettime, descriptor, value);
}
