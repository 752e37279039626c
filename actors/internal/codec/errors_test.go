package codec

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/wire"
)

func crossError(t *testing.T, err error) error {
	t.Helper()
	r := wire.NewReader(AppendError(nil, err))
	got := ReadError(&r)
	require.NoError(t, r.End())
	return got
}

func TestErrorsKeepWhatTheyAreAndTheirText(t *testing.T) {
	corrupt := &competition.CorruptError{CompetitionID: "spring", Seq: 1 << 60, Reason: "a bit is flipped"}
	invalid := &competition.InvalidError{Fields: []competition.FieldError{{Field: "end", Detail: "too early"}, {Field: "", Detail: "ü"}}}
	budget := &competition.JournalBudgetError{RetryAfter: 90 * time.Minute}
	elsewhere := &competition.ElsewhereError{Node: "n7"}
	foreign := errors.New("connection reset by 10.0.0.7")
	for _, c := range []struct {
		name string
		err  error
		is   []error
		not  []error
	}{
		{"none", nil, nil, nil},
		{"a refusal", competition.ErrFull, []error{competition.ErrFull}, []error{competition.ErrClosed}},
		{"a refusal that is another one, too", competition.ErrOperatorInvites, []error{competition.ErrOperatorInvites, competition.ErrInvitationRequired}, nil},
		{"a wrapped failure", fmt.Errorf("append seq 7: %w", competition.ErrUnavailable), []error{competition.ErrUnavailable}, []error{competition.ErrInternal}},
		{"a wrapped failure with a foreign cause", fmt.Errorf("%w: start the actor: %w", competition.ErrUnavailable, foreign), []error{competition.ErrUnavailable}, []error{competition.ErrInternal}},
		{"joined ones", errors.Join(competition.ErrClosed, fmt.Errorf("x: %w", competition.ErrUnavailable), corrupt), []error{competition.ErrClosed, competition.ErrUnavailable, competition.ErrCorrupt}, nil},
		{"a foreign one", foreign, []error{competition.ErrInternal}, []error{competition.ErrUnavailable}},
		{"a foreign one that wraps", fmt.Errorf("x: %w", context.DeadlineExceeded), []error{competition.ErrInternal}, nil},
		{"an empty text", errors.New(""), []error{competition.ErrInternal}, nil},
		{"damage", corrupt, []error{competition.ErrCorrupt}, nil},
		{"wrapped damage", fmt.Errorf("recover: %w", corrupt), []error{competition.ErrCorrupt}, nil},
		{"a budget", budget, []error{competition.ErrJournalBudget}, nil},
		{"elsewhere", elsewhere, []error{competition.ErrNotOwner}, nil},
		{"elsewhere, unknown", &competition.ElsewhereError{}, []error{competition.ErrNotOwner}, nil},
		{"invalid input", invalid, nil, []error{competition.ErrInternal}},
		{"a field", fmt.Errorf("x: %w", competition.FieldError{Field: "a", Detail: "b"}), []error{competition.FieldError{Field: "a", Detail: "b"}}, []error{competition.ErrInternal}},
		{"a refusal everywhere is the first", &competition.RefusedEverywhereError{First: competition.JoinedReply{Err: competition.ErrFull}}, []error{competition.ErrFull}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := crossError(t, c.err)
			if c.err == nil {
				require.NoError(t, got)
				return
			}
			require.EqualError(t, got, c.err.Error())
			for _, is := range c.is {
				require.ErrorIs(t, got, is)
			}
			for _, not := range c.not {
				require.NotErrorIs(t, got, not)
			}
		})
	}
	for _, known := range []error{competition.ErrFull, competition.ErrOperatorInvites} {
		require.Same(t, known, crossError(t, known), "an error without fields is itself again")
	}
	for _, want := range []error{corrupt, invalid, budget, elsewhere} {
		require.Equal(t, want, crossError(t, want))
	}
	wrapped := crossError(t, fmt.Errorf("x: %w", errors.Join(corrupt, invalid, budget, elsewhere)))
	gotCorrupt, ok := errors.AsType[*competition.CorruptError](wrapped)
	require.True(t, ok)
	require.Equal(t, corrupt, gotCorrupt)
	gotInvalid, ok := errors.AsType[*competition.InvalidError](wrapped)
	require.True(t, ok)
	require.Equal(t, invalid, gotInvalid)
	gotBudget, ok := errors.AsType[*competition.JournalBudgetError](wrapped)
	require.True(t, ok)
	require.Equal(t, budget, gotBudget)
	gotElsewhere, ok := errors.AsType[*competition.ElsewhereError](wrapped)
	require.True(t, ok)
	require.Equal(t, elsewhere, gotElsewhere)
	require.ErrorIs(t, crossError(t, wrapped), competition.ErrCorrupt, "a second crossing")
	require.EqualError(t, crossError(t, wrapped), wrapped.Error())
}

func TestAnErrorOfANewerNodeIsInternal(t *testing.T) {
	b := []byte{2}                                    // two known errors
	b = append(b, 0xfe, 0x01)                         // code 127
	b = wire.AppendString(append(b, 0xff, 0x01), "?") // code 127 with fields
	b = wire.AppendString(b, "the moon is full")
	r := wire.NewReader(b)
	err := ReadError(&r)
	require.NoError(t, r.End())
	require.ErrorIs(t, err, competition.ErrInternal)
	require.EqualError(t, err, "the moon is full")
}

// Every error that package competition exports has a row, so that no node takes one
// for another.
func TestEveryErrorHasACode(t *testing.T) {
	const dir = "../../../competition"
	declared := map[string]bool{}
	files, err := fs.Glob(os.DirFS(dir), "*.go")
	require.NoError(t, err)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), dir+"/"+file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range parsed.Decls {
			switch d := d.(type) {
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if v, ok := s.(*ast.ValueSpec); ok {
						for _, name := range v.Names {
							if strings.HasPrefix(name.Name, "Err") {
								declared[name.Name] = true
							}
						}
					}
				}
			case *ast.FuncDecl:
				if d.Name.Name == "Error" && d.Recv != nil {
					receiver := d.Recv.List[0].Type
					if star, ok := receiver.(*ast.StarExpr); ok {
						receiver = star.X
					}
					declared[receiver.(*ast.Ident).Name] = true
				}
			}
		}
	}
	require.Greater(t, len(declared), 40)
	// It is made on the edge, of what several competitions answered.
	delete(declared, "RefusedEverywhereError")

	source, err := os.ReadFile("errors.go")
	require.NoError(t, err)
	for name := range declared {
		row := "sentinel: competition." + name + "}"
		if !strings.HasPrefix(name, "Err") {
			row = "competition." + name + ") []byte {" // the function that appends its fields
		}
		require.Contains(t, string(source), row, "the table of errors in errors.go lacks a row")
	}
	seen := map[error]bool{}
	for code, k := range knownErrors {
		if k.sentinel != nil {
			require.Nil(t, k.append, "code %d", code)
			require.False(t, seen[k.sentinel], "code %d is a second one", code)
			seen[k.sentinel] = true
			require.Same(t, k.sentinel, crossError(t, k.sentinel), "code %d", code)
		}
	}
	require.Same(t, competition.ErrInternal, knownErrors[codeInternal].sentinel)
}
