//! The wire to PostgreSQL, driven by the thread that waits for it: what is sent together comes in one turn.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::{join, join3, try_join_all};
use futures_util::{SinkExt, TryStreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Runtime;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Config, Connection, Error, Row, Socket, Statement};

use super::super::value::Value;

/// How long the server may take to hear that the connection is left.
const LEAVE_MAX: Duration = Duration::from_millis(500);

/// One connection. The client comes before what drives it, so that it is gone when the driver says goodbye.
pub(super) struct Wire {
    client: Client,
    driver: Driver,
}

/// Carries bytes to and fro while somebody waits, and keeps notices that came beside answers.
struct Driver {
    runtime: Runtime,
    traffic: Box<dyn Traffic>,
    notices: Vec<String>,
}

/// A statement with its arguments, to be sent together with others.
pub(super) struct Asked<'a> {
    /// Prepared on this connection.
    pub statement: &'a Statement,
    /// Its arguments.
    pub params: &'a [Value],
}

/// The one thing that is wanted of a connection, whatever it runs over.
trait Traffic: Send + Unpin {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<AsyncMessage, Error>>>;
}

impl<S, T> Traffic for Connection<S, T>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
    T: AsyncRead + AsyncWrite + Unpin + Send,
{
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<AsyncMessage, Error>>> {
        self.poll_message(cx)
    }
}

impl Wire {
    /// Connects; only on a thread that runs no async code.
    ///
    /// # Errors
    /// What the server or the network says.
    pub(super) fn connect<T>(runtime: Runtime, config: &Config, tls: T) -> Result<Wire, Error>
    where
        T: MakeTlsConnect<Socket>,
        T::TlsConnect: TlsConnect<Socket>,
        T::Stream: Send + 'static,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let (client, connection) = runtime.block_on(config.connect(tls))?;
        let driver = Driver { runtime, traffic: Box::new(connection), notices: Vec::new() };
        Ok(Wire { client, driver })
    }

    /// Whether the server or the network ended it.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Runs statements without arguments.
    pub(super) fn run(&mut self, sql: &str) -> Result<(), Error> {
        self.driver.wait_for(self.client.batch_execute(sql))
    }

    /// Sends statements without arguments and does not wait for their answer; where they fail, the next answer says so
    /// or never comes.
    pub(super) fn send(&mut self, sql: &str) {
        let mut running = pin!(self.client.batch_execute(sql));
        let driver = &mut self.driver;
        let (traffic, notices) = (&mut driver.traffic, &mut driver.notices);
        driver.runtime.block_on(poll_fn(|cx| {
            // Once it was asked for, the request is on its way to the driver, and the driver writes what it can.
            let _ = running.as_mut().poll(cx);
            carry(traffic, notices, cx);
            Poll::Ready(())
        }));
    }

    /// Prepares a statement.
    pub(super) fn prepare(&mut self, sql: &str) -> Result<Statement, Error> {
        self.driver.wait_for(self.client.prepare(sql))
    }

    /// Runs a statement that answers no rows, `before` it statements without arguments; gives the rows it touched.
    pub(super) fn execute(&mut self, before: &str, asked: &Asked) -> Result<u64, Error> {
        let params: Vec<&(dyn ToSql + Sync)> = asked.params.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        let execute = self.client.execute(asked.statement, &params);
        if before.is_empty() {
            return self.driver.wait_for(execute);
        }
        let both = join(self.client.batch_execute(before), execute);
        self.driver.wait_for(async {
            let (begun, done) = both.await;
            begun.and(done)
        })
    }

    /// Runs a statement and hands each row of its answer to `read` as it comes, as long as that answers `true`.
    ///
    /// `before` it statements without arguments are run, and those `ahead`, whose rows are given; all are sent at once.
    ///
    /// # Errors
    /// The first one, in the order in which they were sent.
    pub(super) fn query(
        &mut self,
        before: &str,
        ahead: &[Asked],
        asked: &Asked,
        mut read: impl FnMut(&Row) -> bool,
    ) -> Result<Vec<Vec<Row>>, Error> {
        let client = &self.client;
        let begin = async { if before.is_empty() { Ok(()) } else { client.batch_execute(before).await } };
        let ahead = ahead.iter().map(|one| async {
            let rows = client.query_raw(one.statement, one.params).await?;
            rows.try_collect::<Vec<Row>>().await
        });
        let asked = async {
            let mut rows = pin!(client.query_raw(asked.statement, asked.params).await?);
            while let Some(row) = rows.try_next().await? {
                if !read(&row) {
                    break;
                }
            }
            Ok(())
        };
        // Each is sent when it is first polled, and that goes from left to right.
        self.driver.wait_for(async {
            let (begun, found, asked) = join3(begin, try_join_all(ahead), asked).await;
            begun?;
            let found = found?;
            asked.map(|()| found)
        })
    }

    /// Sends rows to a `COPY … FROM STDIN`; gives their number.
    pub(super) fn copy_in(&mut self, sql: &str, rows: Vec<u8>) -> Result<u64, Error> {
        self.driver.wait_for(async {
            let mut sink = pin!(self.client.copy_in(sql).await?);
            sink.send(bytes::Bytes::from(rows)).await?;
            sink.finish().await
        })
    }

    /// What was told on the channels that are listened to, or nothing after `patience`.
    ///
    /// # Errors
    /// Where the connection broke.
    pub(super) fn hear(&mut self, patience: Duration) -> Result<Vec<String>, Error> {
        let driver = &mut self.driver;
        let (traffic, notices) = (&mut driver.traffic, &mut driver.notices);
        let heard = driver.runtime.block_on(async {
            let told = poll_fn(|cx| match carry(traffic, notices, cx) {
                Some(error) => Poll::Ready(Err(error)),
                None if notices.is_empty() => Poll::Pending,
                None => Poll::Ready(Ok(())),
            });
            tokio::time::timeout(patience, told).await
        });
        match heard {
            Ok(Err(error)) => Err(error),
            Ok(Ok(())) | Err(_) => Ok(std::mem::take(notices)),
        }
    }
}

impl Driver {
    /// Waits for an answer while carrying what is sent and what comes.
    fn wait_for<T>(&mut self, answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let mut answer = pin!(answer);
        let (traffic, notices) = (&mut self.traffic, &mut self.notices);
        self.runtime.block_on(poll_fn(|cx| {
            // First, so that everything that is asked at once is written at once.
            if let Poll::Ready(done) = answer.as_mut().poll(cx) {
                return Poll::Ready(done);
            }
            if let Some(error) = carry(traffic, notices, cx) {
                return Poll::Ready(Err(error));
            }
            answer.as_mut().poll(cx)
        }))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let (traffic, notices) = (&mut self.traffic, &mut self.notices);
        let left = poll_fn(|cx| {
            loop {
                match traffic.poll(cx) {
                    Poll::Ready(Some(Ok(_))) => notices.clear(),
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
        });
        // Whether the server hears it or not, the connection is given up.
        let _ = self.runtime.block_on(async { tokio::time::timeout(LEAVE_MAX, left).await });
    }
}

/// Writes and reads what can be now; gives the error that ended the connection, where one did.
fn carry(traffic: &mut Box<dyn Traffic>, notices: &mut Vec<String>, cx: &mut Context<'_>) -> Option<Error> {
    loop {
        match traffic.poll(cx) {
            Poll::Ready(Some(Ok(AsyncMessage::Notification(notice)))) => notices.push(notice.payload().to_owned()),
            Poll::Ready(Some(Ok(_))) => {}
            Poll::Ready(Some(Err(error))) => return Some(error),
            Poll::Ready(None) | Poll::Pending => return None,
        }
    }
}
