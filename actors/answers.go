package actors

import (
	"fmt"

	"github.com/paceboard/paceboard/competition"
)

// errNoAnswer is returned to a caller whose deadline has passed.
var errNoAnswer = fmt.Errorf("%w: no answer within the deadline", competition.ErrUnavailable)

// errLate is the answer to a request that an actor looks at after its deadline, and so
// does not carry out. In a cluster, another node may have owned the competition since the
// request came, and what is then acknowledged there must not be followed by what came
// before. Its caller does not wait any more.
var errLate = fmt.Errorf("%w: the request had waited for longer than its caller", competition.ErrUnavailable)

// exchanged returns the answer of another node as the type that the caller asked for.
func exchanged[T any](got any, err error) (answer T, _ error) {
	if err != nil {
		return answer, err
	}
	return answerOf[T](got)
}

func answerOf[T any](got any) (answer T, err error) {
	answer, ok := got.(T)
	if !ok {
		err = fmt.Errorf("%w: answer of type %T", competition.ErrInternal, got)
	}
	return answer, err
}
