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
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Reads what servers elsewhere take for TLS, into what Java takes. */
final class PemFiles {
    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----\\s+([A-Za-z0-9+/=\\s]+)-----END \\1-----");

    /** By keys' algorithms, those that a key and its certificate are tried with. */
    private static final Map<String, String> SIGNATURES =
            Map.of("RSA", "SHA256withRSA", "EC", "SHA256withECDSA", "EdDSA", "EdDSA");

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
            if (!belong(key, chain[0])) {
                throw new BadFileException(
                        tls.key().toString(), "has the key of another certificate than " + tls.certificates());
            }
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setKeyEntry("server", key, password, chain);
            return store;
        } catch (GeneralSecurityException e) {
            throw new BadFileException(tls.certificates().toString(), "cannot be used with " + tls.key(), e);
        }
    }

    private static Certificate[] certificates(Path file) throws IOException {
        String pem = blocks(file).stream()
                .filter(block -> block.group(1).equals("CERTIFICATE"))
                .map(MatchResult::group)
                .collect(Collectors.joining("\n"));
        if (pem.isEmpty()) {
            throw new BadFileException(file.toString(), "has no certificate, must have PEM blocks CERTIFICATE");
        }
        try {
            return CertificateFactory.getInstance("X.509")
                    .generateCertificates(new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)))
                    .toArray(Certificate[]::new);
        } catch (GeneralSecurityException e) {
            throw new BadFileException(file.toString(), "has a block CERTIFICATE that is none", e);
        }
    }

    /** Of all kinds: one file may have certificates, parameters and the key. */
    private static List<MatchResult> blocks(Path file) throws IOException {
        return BLOCK.matcher(Files.readString(file, StandardCharsets.ISO_8859_1))
                .results()
                .toList();
    }

    /** Java would take both, and then no client could connect. */
    private static boolean belong(PrivateKey key, Certificate certificate) throws GeneralSecurityException {
        String algorithm = SIGNATURES.get(key.getAlgorithm());
        if (algorithm == null) {
            return true;
        }
        var signature = Signature.getInstance(algorithm);
        signature.initSign(key);
        byte[] signed = signature.sign();
        signature.initVerify(certificate.getPublicKey());
        return signature.verify(signed);
    }

    private static PrivateKey key(Path file, String algorithm) throws IOException {
        List<MatchResult> blocks = blocks(file);
        if (blocks.isEmpty()) {
            throw new BadFileException(file.toString(), "has no key, must have a PEM block PRIVATE KEY");
        }
        MatchResult block = blocks.stream()
                .filter(any -> any.group(1).equals("PRIVATE KEY"))
                .findFirst()
                .orElseThrow(() -> new BadFileException(
                        file.toString(),
                        "has a block " + blocks.getLast().group(1)
                                + ", must have PRIVATE KEY, not encrypted: openssl pkcs8 -topk8 -nocrypt makes it"));
        try {
            byte[] bytes = Base64.getMimeDecoder().decode(block.group(2));
            return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(bytes));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new BadFileException(file.toString(), "has no " + algorithm + " key, which the certificate needs", e);
        }
    }
}
