// Lists your MESH mailbox, prints each message, and takes it out.  No libraries: javac Mesh.java && java Mesh
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.UUID;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class Mesh {
    static final String MAILBOX = System.getenv("MESH_MAILBOX");
    static final HttpClient CLIENT = HttpClient.newHttpClient(); // live: with your client certificate

    public static void main(String[] given) throws Exception {
        var ids = Pattern.compile("\"([0-9A-F_]{20,})\"").matcher(ask("GET", ""));
        while (ids.find()) {
            String id = ids.group(1);
            System.out.println(ask("GET", "/" + id)); // store it; Mex-LocalID tells a repeat
            ask("PUT", "/" + id + "/status/acknowledged");
        }
    }

    static String ask(String method, String path) throws Exception {
        var uri = URI.create(System.getenv("MESH_URL") + "/messageexchange/" + MAILBOX + "/inbox" + path);
        var request = HttpRequest.newBuilder(uri)
                .method(method, HttpRequest.BodyPublishers.noBody())
                .header("Authorization", token())
                .header("Accept", "application/vnd.mesh.v2+json")
                .build();
        var answer = CLIENT.send(request, BodyHandlers.ofString());
        if (answer.statusCode() >= 300) {
            throw new IllegalStateException("MESH answered " + answer.statusCode());
        }
        return answer.body();
    }

    static String token() throws Exception {
        String nonce = UUID.randomUUID().toString();
        String at = ZonedDateTime.now(ZoneOffset.UTC).format(DateTimeFormatter.ofPattern("yyyyMMddHHmm"));
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(System.getenv("MESH_SHARED_KEY").getBytes(), "HmacSHA256"));
        String secret = String.join(":", MAILBOX, nonce, "0", System.getenv("MESH_PASSWORD"), at);
        String hash = HexFormat.of().formatHex(mac.doFinal(secret.getBytes()));
        return "NHSMESH " + String.join(":", MAILBOX, nonce, "0", at, hash);
    }
}
