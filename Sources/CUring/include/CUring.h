// What Swift needs of liburing and cannot import by itself.
#ifndef CURING_H
#define CURING_H

#include <poll.h>
#include <signal.h>
#include <sys/types.h>

#include <liburing.h>

#endif
