#include "CCurl.h"

#include <stdlib.h>

// The functions that load texts of errors are deprecated, since OpenSSL loads all of them at its start.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/err.h>
#include <openssl/ssl.h>

CURLcode ccurl_global_init(void) {
    // libcurl would write the keys of TLS connections into the file that this variable names.
    unsetenv("SSLKEYLOGFILE");
    // OpenSSL spends a million instructions and 200 KB on texts that only TLS needs, and half a million instructions on
    // a clean-up at the exit of the process, where nothing has to be tidied up.
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS, NULL);
    return curl_global_init(CURL_GLOBAL_DEFAULT);
}

void ccurl_prepare_for_tls(void) {
    static bool is_prepared = false;
    if (is_prepared) return;
    is_prepared = true;
    // The names of the libraries, and the reasons of those that TLS and certificates need. (Those of TLS itself are
    // loaded with the first context.)
    ERR_load_ERR_strings();
    ERR_load_ASN1_strings();
    ERR_load_BIO_strings();
    ERR_load_CONF_strings();
    ERR_load_CRYPTO_strings();
    ERR_load_EC_strings();
    ERR_load_EVP_strings();
    ERR_load_PEM_strings();
    ERR_load_RSA_strings();
    ERR_load_X509_strings();
    ERR_load_X509V3_strings();
}

bool ccurl_easy_has_tls_bytes(CURL *easy) {
    struct curl_tlssessioninfo *session = NULL;
    if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK || !session) return false;
    if (session->backend != CURLSSLBACKEND_OPENSSL || !session->internals) return false;
    return SSL_has_pending((const SSL *)session->internals) == 1;
}
