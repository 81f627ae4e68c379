// What Swift needs of libcurl: its variadic calls, spelled out.
#ifndef CCURL_H
#define CCURL_H

#include <curl/curl.h>

#endif
