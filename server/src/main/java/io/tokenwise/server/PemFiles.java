package io.tokenwise.server;

import io.tokenwise.api.BadFileException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads what servers elsewhere take for TLS, into what Java takes. */
final class PemFiles {
    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----\\s+([A-Za-z0-9+/=\\s]+)-----END \\1-----");

    private PemFiles() {}

    /**
     * A key store in memory.
     *
     * @throws BadFileException if a file is none of its kind, or the key is in another form than PKCS#8 or belongs to another certificate
     */
    static KeyStore keyStore(ServerOptions.Tls tls, char[] password) throws IOException {
        Certificate[] chain = certificates(tls.certificates());
        PrivateKey key = key(tls.key(), chain[0].getPublicKey().getAlgorithm());
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setKeyEntry("server", key, password, chain);
            return store;
        } catch (GeneralSecurityException e) {
            throw new BadFileException(tls.certificates().toString(), "cannot be used with " + tls.key(), e);
        }
    }

    private static Certificate[] certificates(Path file) throws IOException {
        try {
            var certificates = CertificateFactory.getInstance("X.509")
                    .generateCertificates(new ByteArrayInputStream(Files.readAllBytes(file)));
            if (certificates.isEmpty()) {
                throw new BadFileException(file.toString(), "has no certificate, must have PEM blocks CERTIFICATE");
            }
            return certificates.toArray(Certificate[]::new);
        } catch (GeneralSecurityException e) {
            throw new BadFileException(file.toString(), "has no certificates in PEM", e);
        }
    }

    private static PrivateKey key(Path file, String algorithm) throws IOException {
        Matcher block = BLOCK.matcher(Files.readString(file, StandardCharsets.US_ASCII));
        if (!block.find()) {
            throw new BadFileException(file.toString(), "has no key, must have a PEM block PRIVATE KEY");
        }
        if (!block.group(1).equals("PRIVATE KEY")) {
            throw new BadFileException(
                    file.toString(),
                    "has a block " + block.group(1)
                            + ", must have PRIVATE KEY, not encrypted: openssl pkcs8 -topk8 -nocrypt makes it");
        }
        try {
            byte[] bytes = Base64.getMimeDecoder().decode(block.group(2));
            return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(bytes));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new BadFileException(file.toString(), "has no " + algorithm + " key, which the certificate needs", e);
        }
    }
}
