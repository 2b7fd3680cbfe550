// A receiver of webhooks and of FHIR notifications.  No libraries: javac Webhook.java && java Webhook 9000
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class Webhook {
    static final byte[] SECRET =
            Base64.getDecoder().decode(System.getenv("HUB_LISTEN_SECRET").substring("whsec_".length()));

    public static void main(String[] given) throws IOException {
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(given[0])), 0);
        server.createContext("/", Webhook::receive);
        server.start();
    }

    static void receive(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        var headers = exchange.getRequestHeaders();
        String id = headers.getFirst("webhook-id");
        boolean good = verified(
                id, headers.getFirst("webhook-timestamp"), headers.getFirst("webhook-signature"), body);
        if (good) {
            storeOnce(id, body); // a repeat has the same id and must change nothing
        }
        exchange.sendResponseHeaders(good ? 204 : 401, -1);
        exchange.close();
    }

    /** Standard Webhooks: HMAC-SHA-256 over id, time and body; not older than five minutes. */
    static boolean verified(String id, String at, String signatures, byte[] body) {
        try {
            long age = Math.abs(Instant.now().getEpochSecond() - Long.parseLong(at));
            if (age > Duration.ofMinutes(5).toSeconds()) {
                return false;
            }
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(SECRET, "HmacSHA256"));
            mac.update((id + "." + at + ".").getBytes(StandardCharsets.UTF_8));
            byte[] own = ("v1," + Base64.getEncoder().encodeToString(mac.doFinal(body))).getBytes();
            for (String one : signatures.split(" ")) { // two while the secret is being changed
                if (MessageDigest.isEqual(own, one.getBytes())) {
                    return true;
                }
            }
            return false;
        } catch (Exception unreadable) {
            return false;
        }
    }

    static void storeOnce(String noticeId, byte[] body) {
        System.out.println(noticeId);
    }
}
