package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// s3 is a Bucket in an S3-compatible store.
type s3 struct {
	client    *minio.Client
	transport *http.Transport
	bucket    string
	prefix    string // empty, or with a slash at its end
}

// Credentials are those of an S3-compatible store. If they are empty, the environment, or
// the machine's role, has them.
type Credentials struct{ AccessKey, SecretKey string }

func openS3(u *url.URL, c Credentials) (*s3, error) {
	options := u.Query()
	endpoint, err := url.Parse(options.Get("endpoint"))
	if err != nil {
		return nil, err
	}
	if endpoint.Host == "" {
		endpoint = &url.URL{Scheme: "https", Host: "s3.amazonaws.com"}
	}
	b := &s3{bucket: u.Host, prefix: strings.Trim(u.Path, "/")}
	if b.prefix != "" {
		b.prefix += "/"
	}
	secure := endpoint.Scheme != "http"
	if b.transport, err = minio.DefaultTransport(secure); err != nil {
		return nil, err
	}
	keys := credentials.NewStaticV4(c.AccessKey, c.SecretKey, "")
	if c.AccessKey == "" {
		keys = credentials.NewChainCredentials([]credentials.Provider{&credentials.EnvAWS{}, &credentials.IAM{}})
	}
	b.client, err = minio.New(endpoint.Host, &minio.Options{
		Creds: keys, Secure: secure, Transport: b.transport, Region: options.Get("region"), MaxRetries: 1,
	})
	return b, err
}

func (b *s3) Put(ctx context.Context, name string, content []byte) error {
	// A store that does not know the condition ignores it, or refuses it.
	if _, err := b.client.StatObject(ctx, b.bucket, b.prefix+name, minio.StatObjectOptions{}); err == nil {
		return errExists
	} else if !isCode(err, minio.NoSuchKey) {
		return fmt.Errorf("look for %s: %w", name, err)
	}
	var only minio.PutObjectOptions
	only.SetMatchETagExcept("*")
	err := b.put(ctx, name, content, only)
	switch {
	case isCode(err, minio.PreconditionFailed), isCode(err, "ConditionalRequestConflict"):
		return errExists
	case isCode(err, "NotImplemented"):
		return b.put(ctx, name, content, minio.PutObjectOptions{})
	}
	return err
}

func (b *s3) Replace(ctx context.Context, name string, content []byte) error {
	return b.put(ctx, name, content, minio.PutObjectOptions{})
}

func (b *s3) put(ctx context.Context, name string, content []byte, o minio.PutObjectOptions) error {
	o.DisableMultipart, o.SendContentMd5, o.ContentType = true, true, "application/octet-stream"
	_, err := b.client.PutObject(ctx, b.bucket, b.prefix+name, bytes.NewReader(content), int64(len(content)), o)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

func (b *s3) Get(ctx context.Context, name string) ([]byte, error) {
	object, err := b.client.GetObject(ctx, b.bucket, b.prefix+name, minio.GetObjectOptions{})
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(object)
	err = errors.Join(err, object.Close())
	if isCode(err, minio.NoSuchKey) {
		return nil, errNotThere
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return content, nil
}

func (b *s3) List(ctx context.Context, prefix, after string, visit func(name string) error) error {
	o := minio.ListObjectsOptions{Prefix: b.prefix + prefix, Recursive: true}
	if after != "" {
		o.StartAfter = b.prefix + after
	}
	for object := range b.client.ListObjectsIter(ctx, b.bucket, o) {
		if object.Err != nil {
			return fmt.Errorf("list %s: %w", prefix, object.Err)
		}
		name := strings.TrimPrefix(object.Key, b.prefix)
		if name <= after { // a store that does not know StartAfter
			continue
		}
		if err := visit(name); err != nil {
			return err
		}
	}
	return nil
}

func (b *s3) Close() { b.transport.CloseIdleConnections() }

func isCode(err error, code string) bool {
	response, ok := errors.AsType[minio.ErrorResponse](err)
	return ok && response.Code == code
}
