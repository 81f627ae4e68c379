#include <limits.h>
#include <stdlib.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include "CCrypto.h"

struct ccrypto_digest {
    EVP_MD_CTX *context;
};

// An allocation that fails ends the program, as it does everywhere in Swift.
static void demand(int condition) {
    if (!condition) abort();
}

static ccrypto_digest *digest_new(const EVP_MD *algorithm) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    demand(context != NULL);
    if (EVP_DigestInit_ex(context, algorithm, NULL) != 1) {
        EVP_MD_CTX_free(context);
        ERR_clear_error();
        return NULL;
    }
    ccrypto_digest *digest = malloc(sizeof *digest);
    demand(digest != NULL);
    digest->context = context;
    return digest;
}

ccrypto_digest *ccrypto_md5_new(void) {
    return digest_new(EVP_md5());
}

ccrypto_digest *ccrypto_sha256_new(void) {
    return digest_new(EVP_sha256());
}

void ccrypto_digest_update(ccrypto_digest *digest, const void *bytes, size_t count) {
    demand(EVP_DigestUpdate(digest->context, bytes, count) == 1);
}

void ccrypto_digest_finish(ccrypto_digest *digest, uint8_t *hash) {
    demand(EVP_DigestFinal_ex(digest->context, hash, NULL) == 1);
}

void ccrypto_digest_free(ccrypto_digest *digest) {
    EVP_MD_CTX_free(digest->context);
    free(digest);
}

void ccrypto_hmac_sha256(const void *key, size_t key_count, const void *bytes, size_t count, uint8_t *code) {
    static const uint8_t none[1];
    demand(key_count <= INT_MAX);
    // A NULL key would mean "the same key as before".
    const void *given = key != NULL ? key : none;
    demand(HMAC(EVP_sha256(), given, (int)key_count, bytes, count, code, NULL) != NULL);
}

// A key that needs a passphrase cannot be read: without this, libcrypto would ask the terminal for one.
static int no_passphrase(char *buffer, int size, int is_for_writing, void *user) {
    (void)buffer, (void)size, (void)is_for_writing, (void)user;
    return -1;
}

int ccrypto_rs256_sign(
    const void *pem, size_t pem_count, const void *bytes, size_t count, uint8_t *signature, size_t *signature_size) {
    int result = -1;
    EVP_PKEY *key = NULL;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    BIO *source = pem_count <= INT_MAX ? BIO_new_mem_buf(pem, (int)pem_count) : NULL;
    if (context != NULL && source != NULL) key = PEM_read_bio_PrivateKey(source, NULL, no_passphrase, NULL);
    if (key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA
        && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1
        && EVP_DigestSign(context, signature, signature_size, bytes, count) == 1)
        result = 0;
    EVP_PKEY_free(key);
    EVP_MD_CTX_free(context);
    BIO_free(source);
    // Reasons stay in a queue of the thread otherwise, where libcurl would find them.
    ERR_clear_error();
    return result;
}

void ccrypto_base64_encode(const void *bytes, size_t count, uint8_t *text) {
    demand(count <= INT_MAX / 2);
    EVP_EncodeBlock(text, bytes, (int)count);
}

long ccrypto_base64_decode(const void *text, size_t count, uint8_t *bytes) {
    if (count == 0) return 0;
    if (count > INT_MAX || count % 4 != 0) return -1;
    int size = EVP_DecodeBlock(bytes, text, (int)count);
    if (size < 0 || (size_t)size != count / 4 * 3) return -1;
    // EVP_DecodeBlock(3) counts the padding as bytes.
    const uint8_t *end = (const uint8_t *)text + count;
    int padding = end[-1] != '=' ? 0 : end[-2] != '=' ? 1 : 2;
    return size - padding;
}
