// utf8proc: Unicode normalisation.
#ifndef CUTF8PROC_H
#define CUTF8PROC_H

#include <utf8proc.h>

#endif
