// Reports a day of one athlete and watches the board until it shows it.
//
//   PACEBOARD_URL=https://… PACEBOARD_TOKEN=… npm start -- spring 7000
import { BoardClient, createApi, PaceboardError } from "@paceboard/client";

const { PACEBOARD_URL: url = "http://127.0.0.1:8081", PACEBOARD_TOKEN: token = "" } = process.env;
const [competition = "spring", steps = "7000"] = process.argv.slice(2);
const api = createApi({ url, token });

const client = new BoardClient({ url, token });
client.watch(competition, {
  limit: 10,
  onBoard: ({ version, entries, standing }) => {
    console.log(`version ${version}: ${entries.map((entry) => `${entry.rank}. ${entry.user_name || entry.user_id} ${entry.score}`).join(", ")}`);
    if (entries.some((entry) => entry.user_id === standing?.user_id && entry.score === Number(steps))) client.close();
  },
  onState: (state) => console.log(state.kind),
});

try {
  await api.joinCompetition({ competition_id: competition, body: {} });
  const date = new Date().toISOString().slice(0, 10);
  await api.submitSync({ body: { competition_id: competition, steps: Number(steps), date, source: "node" } });
} catch (error) {
  client.close();
  if (!(error instanceof PaceboardError)) throw error;
  console.error(`refused: ${error.code}: ${error.message}`);
  process.exitCode = 1;
}
