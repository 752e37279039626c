// A live board over Server-Sent Events with OkHttp (com.squareup.okhttp3:okhttp,
// okhttp-sse) and kotlinx.serialization. EventSource sends Last-Event-ID itself only
// within one call: keep `lastId`, and connect again with back-off.
import kotlinx.serialization.json.*
import okhttp3.*
import okhttp3.sse.*
import java.util.concurrent.TimeUnit

class Board(private val base: String, private val token: () -> String, private val show: (List<JsonObject>) -> Unit) {
    private val http = OkHttpClient.Builder().readTimeout(30, TimeUnit.SECONDS).build() // a comment comes every 15 s
    private val entries = sortedMapOf<String, JsonObject>()
    private var lastId: String? = null
    private var version = -1L

    fun watch(competition: String): EventSource {
        val request = Request.Builder().url("$base/api/v1/leaderboard/$competition/events?limit=25")
            .header("Authorization", "Bearer ${token()}")
            .apply { lastId?.let { header("Last-Event-ID", it) } }.build()
        return EventSources.createFactory(http).newEventSource(request, object : EventSourceListener() {
            override fun onEvent(eventSource: EventSource, id: String?, type: String?, data: String) {
                if (id != null) lastId = id
                val frame = Json.parseToJsonElement(data).jsonObject["data"]!!.jsonObject
                when (type) {
                    "leaderboard_update" -> { entries.clear(); put(frame["entries"]!!.jsonArray) }
                    "score_update" -> {
                        if (frame["previous_version"]!!.jsonPrimitive.long != version) { // a gap: take the whole board
                            lastId = null
                            eventSource.cancel()
                            return
                        }
                        frame["removed"]!!.jsonArray.forEach { entries.remove(it.jsonPrimitive.content) }
                        put(frame["changes"]!!.jsonArray)
                    }
                    else -> return
                }
                version = frame["version"]!!.jsonPrimitive.long
                show(entries.values.sortedBy { it["rank"]!!.jsonPrimitive.int }.take(25))
            }
        })
    }

    private fun put(list: JsonArray) = list.map { it.jsonObject }.forEach { entries[it["user_id"]!!.jsonPrimitive.content] = it }
}
