#include "CCurl.h"

#include <openssl/ssl.h>

bool ccurl_easy_has_tls_bytes(CURL *easy) {
    struct curl_tlssessioninfo *session = NULL;
    if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK || !session) return false;
    if (session->backend != CURLSSLBACKEND_OPENSSL || !session->internals) return false;
    return SSL_has_pending((const SSL *)session->internals) == 1;
}
