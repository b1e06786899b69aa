use wasmtime::Result;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::{DynPollable, subscribe};

use super::held::HeldRun;
use super::log::TaskView;
use super::watch::StopWatch;
use crate::bindings::tasks::{Change, Error, HostRun, Placement};

/// The resource `run` of an instance. It ends with the instance at the latest.
#[derive(Debug)]
pub struct Run(pub(super) HeldRun);

impl HostRun for TaskView<'_> {
    async fn append(&mut self, run: Resource<Run>, change: Change) -> Result<Result<u64, Error>> {
        let run = self.table.get_mut(&run)?;
        Ok(run.0.append(change.into()).await.map_err(Into::into))
    }

    fn stopping(&mut self, run: Resource<Run>) -> Result<bool> {
        Ok(self.table.get(&run)?.0.should_stop())
    }

    fn watch(&mut self, run: Resource<Run>) -> Result<Resource<DynPollable>> {
        let standing = self.table.get(&run)?.0.standing();
        let watch = self.table.push(StopWatch(standing))?;
        subscribe(self.table, watch)
    }

    /// The instance lives until its work is done, whether or not its response was sent, so the
    /// work stays with it.
    fn dispatch(
        &mut self,
        run: Resource<Run>,
        _checkpoint: Option<Vec<u8>>,
    ) -> Result<Result<Placement, Error>> {
        let over = self.table.get(&run)?.0.is_over();
        Ok(if over {
            Err(Error::Lost)
        } else {
            Ok(Placement::Here)
        })
    }

    async fn drop(&mut self, run: Resource<Run>) -> Result<()> {
        self.table.delete(run)?;
        Ok(())
    }
}
