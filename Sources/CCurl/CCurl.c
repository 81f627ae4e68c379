#include "CCurl.h"

#include <openssl/ssl.h>

CURLcode ccurl_global_init(void) {
    // At the exit of the process, nothing has to be tidied up: OpenSSL would spend 500,000 instructions on it.
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
    return curl_global_init(CURL_GLOBAL_DEFAULT);
}

bool ccurl_easy_has_tls_bytes(CURL *easy) {
    struct curl_tlssessioninfo *session = NULL;
    if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK || !session) return false;
    if (session->backend != CURLSSLBACKEND_OPENSSL || !session->internals) return false;
    return SSL_has_pending((const SSL *)session->internals) == 1;
}
