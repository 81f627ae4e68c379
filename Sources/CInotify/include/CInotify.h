// inotify(7): the calls and the record layout.
#ifndef CINOTIFY_H
#define CINOTIFY_H

#include <sys/inotify.h>

#endif
