// strerrorname_np and strerrordesc_np are GNU extensions; the public header stays free of the macro.
#define _GNU_SOURCE
#include <string.h>

#include "CLinux.h"

const char *clinux_errno_name(int error) {
    return strerrorname_np(error);
}

const char *clinux_errno_description(int error) {
    return strerrordesc_np(error);
}
