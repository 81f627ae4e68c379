// What Swift needs of libcurl: its variadic calls, spelled out once for each type of argument.
//
// curl_easy_setopt(3), curl_multi_setopt(3) and curl_easy_getinfo(3) take what the option says; these
// functions say it in their names instead. The caller picks the one that fits the option.
#ifndef CCURL_H
#define CCURL_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

// curl_global_init(3), and OpenSSL without its texts of errors and without its clean-up at the exit
// (OPENSSL_init_crypto(3)). SSLKEYLOGFILE is taken out of the environment.
CURLcode ccurl_global_init(void);

// Loads the texts of errors that TLS can have, before the first connection that needs it. Belongs to one thread.
void ccurl_prepare_for_tls(void);

static inline CURLcode ccurl_easy_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_easy_set_offset(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

// libcurl keeps a copy of the string; NULL takes the option back, its built-in default included.
static inline CURLcode ccurl_easy_set_string(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

// libcurl keeps the pointer.
static inline CURLcode ccurl_easy_set_pointer(CURL *easy, CURLoption option, void *value) {
    return curl_easy_setopt(easy, option, value);
}

// libcurl keeps a copy, whose length CURLOPT_POSTFIELDSIZE_LARGE has said before.
static inline CURLcode ccurl_easy_copy_body(CURL *easy, const void *bytes) {
    return curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, bytes ? bytes : "");
}

// libcurl keeps the list, it does not copy it.
static inline CURLcode ccurl_easy_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_easy_set_write_function(CURL *easy, curl_write_callback function) {
    return curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, function);
}

// Header lines arrive through a function of the same shape as the body's.
static inline CURLcode ccurl_easy_set_header_function(CURL *easy, curl_write_callback function) {
    return curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, function);
}

static inline CURLcode ccurl_easy_set_read_function(CURL *easy, curl_read_callback function) {
    return curl_easy_setopt(easy, CURLOPT_READFUNCTION, function);
}

static inline CURLcode ccurl_easy_set_seek_function(CURL *easy, curl_seek_callback function) {
    return curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, function);
}

static inline CURLcode ccurl_easy_set_prereq_function(CURL *easy, curl_prereq_callback function) {
    return curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, function);
}

static inline CURLcode ccurl_easy_set_open_socket_function(CURL *easy, curl_opensocket_callback function) {
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, function);
}

static inline CURLcode ccurl_easy_set_close_socket_function(CURL *easy, curl_closesocket_callback function) {
    return curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, function);
}

static inline CURLcode ccurl_easy_get_long(CURL *easy, CURLINFO info, long *value) {
    return curl_easy_getinfo(easy, info, value);
}

// Whether bytes of the transfer's connection wait inside OpenSSL, where no look at the socket finds them.
// Reads nothing from the socket.
bool ccurl_easy_has_tls_bytes(CURL *easy);

// What a TLS handshake has shown: the certificate at fault, if one is, else the server's own. Texts are cut to their room and
// end in a zero.
struct ccurl_chain {
    bool is_seen;
    // X509_STORE_CTX_get_error(3) and its meaning; 0 where the chain is trusted.
    int error;
    char error_text[128];
    // X509_NAME_print_ex(3), on one line.
    char subject[256];
    char issuer[256];
    // subjectAltName, as X509V3_EXT_print(3) writes it.
    char names[1024];
    // In seconds since 1970.
    int64_t not_before;
    int64_t not_after;
    // The connection that it is from.
    const void *connection;
};

// Has the handshakes of the handle's next transfer noted there. The memory has to live until the connection is closed.
CURLcode ccurl_easy_note_certificates(CURL *easy, struct ccurl_chain *chain);

static inline CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

static inline CURLMcode ccurl_multi_set_pointer(CURLM *multi, CURLMoption option, void *value) {
    return curl_multi_setopt(multi, option, value);
}

static inline CURLMcode ccurl_multi_set_socket_function(CURLM *multi, curl_socket_callback function) {
    return curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, function);
}

static inline CURLMcode ccurl_multi_set_timer_function(CURLM *multi, curl_multi_timer_callback function) {
    return curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, function);
}

#endif
