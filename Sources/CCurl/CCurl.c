#include "CCurl.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

// The functions that load texts of errors are deprecated, since OpenSSL loads all of them at its start.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

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

// Copies what was written to memory, and frees it.
static void take_text(BIO *memory, char *text, size_t room) {
    char *bytes = NULL;
    long count = memory ? BIO_get_mem_data(memory, &bytes) : 0;
    size_t length = count <= 0 ? 0 : (size_t)count < room ? (size_t)count : room - 1;
    if (length > 0) memcpy(text, bytes, length);
    text[length] = 0;
    BIO_free(memory);
}

static void take_name(const X509_NAME *name, char *text, size_t room) {
    BIO *memory = BIO_new(BIO_s_mem());
    if (memory && name) X509_NAME_print_ex(memory, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
    take_text(memory, text, room);
}

static void take_alternative_names(const X509 *certificate, char *text, size_t room) {
    BIO *memory = BIO_new(BIO_s_mem());
    int index = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);
    if (memory && index >= 0) X509V3_EXT_print(memory, X509_get_ext(certificate, index), 0, 0);
    take_text(memory, text, room);
}

static int64_t seconds(const ASN1_TIME *time) {
    struct tm parts = {0};
    return ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

static void take_certificate(struct ccurl_chain *chain, const X509 *certificate) {
    take_name(X509_get_subject_name(certificate), chain->subject, sizeof chain->subject);
    take_name(X509_get_issuer_name(certificate), chain->issuer, sizeof chain->issuer);
    take_alternative_names(certificate, chain->names, sizeof chain->names);
    chain->not_before = seconds(X509_get0_notBefore(certificate));
    chain->not_after = seconds(X509_get0_notAfter(certificate));
}

// The place of a chain among the data of an SSL_CTX.
static int chain_index(void) {
    static int index = -1;
    if (index < 0) index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    return index;
}

// Notes what OpenSSL has found out, and leaves its verdict as it is (SSL_CTX_set_verify(3)).
static int note_certificate(int verdict, X509_STORE_CTX *store) {
    SSL *connection = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    if (!connection) return verdict;
    struct ccurl_chain *chain = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), chain_index());
    if (!chain) return verdict;
    const X509 *own = X509_STORE_CTX_get0_cert(store);
    const X509 *current = X509_STORE_CTX_get_current_cert(store);
    if (chain->connection != connection) {
        memset(chain, 0, sizeof *chain);
        chain->connection = connection;
        chain->is_seen = true;
        if (own) take_certificate(chain, own);
    }
    if (!verdict && !chain->error) {
        chain->error = X509_STORE_CTX_get_error(store);
        const char *text = X509_verify_cert_error_string(chain->error);
        strncpy(chain->error_text, text ? text : "", sizeof chain->error_text - 1);
        if (current) take_certificate(chain, current);
    }
    return verdict;
}

static CURLcode prepare_context(CURL *easy, void *context, void *chain) {
    (void)easy;
    if (SSL_CTX_set_ex_data(context, chain_index(), chain) != 1) return CURLE_OUT_OF_MEMORY;
    SSL_CTX_set_verify(context, SSL_CTX_get_verify_mode(context), note_certificate);
    return CURLE_OK;
}

CURLcode ccurl_easy_note_certificates(CURL *easy, struct ccurl_chain *chain) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, prepare_context);
    return code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, chain) : code;
}
