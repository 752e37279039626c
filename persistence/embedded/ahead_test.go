package embedded

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"
)

// readAll is what a file holds.
func readAll(t *testing.T, files vfs.FS, name string) []byte {
	t.Helper()
	f, err := files.Open(name)
	require.NoError(t, err)
	content, err := io.ReadAll(f)
	require.NoError(t, errors.Join(err, f.Close()))
	return content
}

func TestLogsHaveZerosWhereTheyAreWrittenNext(t *testing.T) {
	files := orderedFS{vfs.NewMem(), new(atomic.Bool), new(sync.Map)}
	log, err := files.Create("1.log", vfs.WriteCategoryUnspecified)
	require.NoError(t, err)
	var written []byte
	write := func(n int) {
		t.Helper()
		part := bytes.Repeat([]byte{byte(len(written)%255 + 1)}, n)
		written = append(written, part...)
		got, err := log.Write(part)
		require.NoError(t, err)
		require.Equal(t, n, got)
		content := readAll(t, files.FS, "1.log")
		require.Equal(t, written, content[:len(written)], "what was written is there")
		ahead := content[len(written):]
		require.Empty(t, bytes.Trim(ahead, "\x00"), "and zeros after it")
		require.LessOrEqual(t, len(ahead), mostAhead)
	}
	write(1)
	require.Len(t, readAll(t, files.FS, "1.log"), 1+leastAhead, "a small log stays small")
	write(leastAhead - 1)
	require.Len(t, readAll(t, files.FS, "1.log"), 1+leastAhead, "within the zeros, none come")
	write(leastAhead)
	require.Len(t, readAll(t, files.FS, "1.log"), 4*leastAhead, "as many as was written")
	write(3 * mostAhead)
	require.Len(t, readAll(t, files.FS, "1.log"), len(written)+mostAhead)
	require.NoError(t, log.Close())

	again, err := files.ReuseForWrite("1.log", "2.log", vfs.WriteCategoryUnspecified)
	require.NoError(t, err)
	size := len(readAll(t, files.FS, "2.log"))
	_, err = again.Write([]byte("new"))
	require.NoError(t, errors.Join(err, again.Close()))
	require.Len(t, readAll(t, files.FS, "2.log"), size, "a log in its second use has bytes enough")

	table, err := files.Create("3.sst", vfs.WriteCategoryUnspecified)
	require.NoError(t, err)
	_, err = table.Write([]byte("rows"))
	require.NoError(t, errors.Join(err, table.Close()))
	require.Equal(t, []byte("rows"), readAll(t, files.FS, "3.sst"), "of logs alone")
}

func TestALogGoesOnWithoutZerosWhereTheDiskTakesNone(t *testing.T) {
	full := errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpFileWriteAt {
			return errors.New("no space left on device")
		}
		return nil
	})
	files := orderedFS{errorfs.Wrap(vfs.NewMem(), full), new(atomic.Bool), new(sync.Map)}
	log, err := files.Create("1.log", vfs.WriteCategoryUnspecified)
	require.NoError(t, err)
	for range 3 {
		_, err = log.Write([]byte("abc"))
		require.NoError(t, err)
	}
	require.NoError(t, log.Close())
	require.Equal(t, []byte("abcabcabc"), readAll(t, files.FS, "1.log"))
}

// TestALogIsReadUpToWhatWasWrittenWhenItWasOpened: later bytes would follow on a gap.
func TestALogIsReadUpToWhatWasWrittenWhenItWasOpened(t *testing.T) {
	files := orderedFS{vfs.NewMem(), new(atomic.Bool), new(sync.Map)}
	log, err := files.Create("1.log", vfs.WriteCategoryUnspecified)
	require.NoError(t, err)
	_, err = log.Write([]byte("before"))
	require.NoError(t, err)
	reader, err := files.Open("1.log")
	require.NoError(t, err)
	_, err = log.Write([]byte("after"))
	require.NoError(t, err)
	content, err := io.ReadAll(reader)
	require.NoError(t, errors.Join(err, reader.Close()))
	require.Equal(t, "before", string(content))
	require.NoError(t, log.Close())
	require.Greater(t, len(readAll(t, files, "1.log")), len("beforeafter"), "a log that is not written any more is read whole")
}
