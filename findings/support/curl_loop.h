/* A small event loop for libcurl's multi_socket interface: what libcurl asks for is recorded, and poll(2) waits. */
#include <curl/curl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { max_descriptors = 1024 };
static short wanted[max_descriptors];
static double timer_due = -1;
static int removed_descriptor = -1; /* the last one that libcurl has given up */

static double seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static int on_socket(CURL *easy, curl_socket_t descriptor, int what, void *context, void *slot) {
    (void)easy, (void)context, (void)slot;
    wanted[descriptor] = (what & CURL_POLL_IN ? POLLIN : 0) | (what & CURL_POLL_OUT ? POLLOUT : 0);
    if (what == CURL_POLL_REMOVE) {
        wanted[descriptor] = 0;
        removed_descriptor = descriptor;
    }
    return 0;
}

static int on_timer(CURLM *multi, long milliseconds, void *context) {
    (void)multi, (void)context;
    timer_due = milliseconds < 0 ? -1 : seconds() + milliseconds / 1e3;
    return 0;
}

static CURLM *new_multi(void) {
    curl_global_init(CURL_GLOBAL_ALL);
    CURLM *multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    return multi;
}

/* Runs until a transfer ends, whose result it gives, or for so many seconds: then -1. */
static int run(CURLM *multi, double limit) {
    double end = seconds() + limit;
    int running, left;
    do {
        struct pollfd ready[64];
        int count = 0;
        for (int each = 0; each < max_descriptors && count < 64; each++)
            if (wanted[each]) ready[count++] = (struct pollfd){.fd = each, .events = wanted[each]};
        double until = timer_due >= 0 && timer_due < end ? timer_due : end;
        double wait = until - seconds();
        poll(ready, count, wait > 0 ? (int)(wait * 1000) + 1 : 0);
        if (timer_due >= 0 && seconds() >= timer_due) {
            timer_due = -1;
            curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
        }
        for (int each = 0; each < count; each++) {
            int what = (ready[each].revents & (POLLIN | POLLHUP) ? CURL_CSELECT_IN : 0) |
                       (ready[each].revents & POLLOUT ? CURL_CSELECT_OUT : 0) |
                       (ready[each].revents & POLLERR ? CURL_CSELECT_ERR : 0);
            if (what) curl_multi_socket_action(multi, ready[each].fd, what, &running);
        }
        CURLMsg *message = curl_multi_info_read(multi, &left);
        if (message) return message->data.result;
    } while (seconds() < end);
    return -1;
}
