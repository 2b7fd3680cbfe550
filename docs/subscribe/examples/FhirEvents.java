// Asks for the events of a FHIR subscription from a number on.  java FhirEvents https://HUB A81001.all 7
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

public class FhirEvents {
    public static void main(String[] given) throws Exception {
        var uri = URI.create(given[0] + "/fhir/Subscription/" + given[1]
                + "/%24events?content=full-resource&eventsSinceNumber=" + given[2]);
        var request = HttpRequest.newBuilder(uri)
                .header("Authorization", "Bearer " + System.getenv("HUB_KEY"))
                .build();
        var answer = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IllegalStateException("the hub answered " + answer.statusCode());
        }
        System.out.println(answer.body()); // a Bundle: the status first, then each Communication
    }
}
