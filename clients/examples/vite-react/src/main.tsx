import { BoardClient, type Entry } from "@paceboard/client";
import { useBoard } from "@paceboard/client/react";
import { createRoot } from "react-dom/client";

// An app gets the token from Supabase: (await supabase.auth.getSession()).data.session.access_token,
// and the next one in renewToken. Here it stands in the address: #competition=spring&token=…
const given = new URLSearchParams(location.hash.slice(1));
const client = new BoardClient({
  url: import.meta.env.VITE_PACEBOARD_URL,
  token: given.get("token") ?? "",
  renewToken: async () => undefined,
});

function Row({ entry, own }: { entry: Entry; own: boolean }) {
  return (
    <tr style={{ fontWeight: own ? "bold" : "normal" }}>
      <td>{entry.rank}</td>
      <td>{entry.user_name || entry.user_id}</td>
      <td>{entry.score.toLocaleString()}</td>
    </tr>
  );
}

function Board({ id }: { id: string }) {
  const { board, state } = useBoard(client, id, { limit: 10 });
  const { standing } = board;
  if (board.version === undefined) return <p>{state.kind === "connecting" ? "Loading …" : `No board: ${state.kind}`}</p>;
  return (
    <main>
      <p>{state.kind === "live" ? "Live" : `As of a moment ago (${state.kind})`} · {board.totalCount} athletes</p>
      <table>
        <tbody>
          {board.entries.map((entry) => <Row key={entry.user_id} entry={entry} own={entry.user_id === standing?.user_id} />)}
          {standing && standing.rank > 10 && <Row entry={standing} own />}
        </tbody>
      </table>
    </main>
  );
}

createRoot(document.getElementById("root")!).render(<Board id={given.get("competition") ?? "spring"} />);
