// What storage services' signatures and checksums need of libcrypto, in calls that Swift can make safely: its own
// interface speaks in reference-counted pointers and macros.
#ifndef CCRYPTO_H
#define CCRYPTO_H

#include <stddef.h>
#include <stdint.h>

enum {
    CCRYPTO_MD5_SIZE = 16,
    CCRYPTO_SHA256_SIZE = 32,
};

// A hash that takes its input in pieces (EVP_DigestInit(3)).
typedef struct ccrypto_digest ccrypto_digest;

// NULL where libcrypto does not give the algorithm: MD5 is refused in FIPS mode.
ccrypto_digest *ccrypto_md5_new(void);
ccrypto_digest *ccrypto_sha256_new(void);
void ccrypto_digest_update(ccrypto_digest *digest, const void *bytes, size_t count);
// Writes the hash, CCRYPTO_…_SIZE bytes. The digest takes no more input.
void ccrypto_digest_finish(ccrypto_digest *digest, uint8_t *hash);
void ccrypto_digest_free(ccrypto_digest *digest);

// HMAC with SHA-256 (RFC 2104): CCRYPTO_SHA256_SIZE bytes.
void ccrypto_hmac_sha256(const void *key, size_t key_count, const void *bytes, size_t count, uint8_t *code);

// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, section 8.2) by a private key in PEM, as JSON Web Tokens have it (RS256).
// Writes the signature's size and at most *signature_size bytes. Returns 0, or -1 where the key cannot be read or is
// none for RSA, or the signature would be longer.
int ccrypto_rs256_sign(
    const void *pem, size_t pem_count, const void *bytes, size_t count, uint8_t *signature, size_t *signature_size);

// Base64 with padding (RFC 4648, section 4). Writes 4 characters for each 3 bytes begun, and a NUL.
void ccrypto_base64_encode(const void *bytes, size_t count, uint8_t *text);
// The other way: writes at most 3 bytes for each 4 characters. Returns their number, or -1 for a text of another form.
long ccrypto_base64_decode(const void *text, size_t count, uint8_t *bytes);

#endif
