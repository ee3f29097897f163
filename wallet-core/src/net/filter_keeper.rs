//! Owns the thread that writes kept filters and knows where they are; the job threads read them.
//!
//! Refuses to stop anything: filters that can't be kept, or were damaged, are downloaded again. It
//! says so once. Orders are taken one after the other, so what was to be kept is there for the
//! next question. Only so many may wait; then the engine does.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::{self, JoinHandle};

use crate::event::{Event, News, Note};
use crate::light_client::input::Input as ClientInput;
use crate::light_client::kept::{FilterId, KeptFilter, ReadId};
use crate::limits::KEEPER_ORDERS;
use crate::net::inbox::Reports;
use crate::net::jobs::JobThreads;
use crate::net::outlet::Outlet;
use crate::store::filters::{self, FilterStore, Place};
use crate::store::problem;

/// The thread; it ends when this is dropped, after what it was told to keep.
#[derive(Debug)]
pub struct FilterKeeper {
    orders: SyncSender<Order>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
enum Order {
    Keep(Vec<KeptFilter>),
    Read { id: ReadId, filters: Vec<FilterId>, reports: Reports },
    Damaged(Vec<Place>),
    Stop,
}

impl FilterKeeper {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system gives none.
    pub fn start(
        store: FilterStore,
        jobs: JobThreads,
        notes: Arc<Outlet>,
    ) -> std::io::Result<Self> {
        let (orders, waiting) = mpsc::sync_channel(KEEPER_ORDERS);
        let keeper = Keeper { store, jobs, notes, keeps: true, orders: orders.clone() };
        let thread = thread::Builder::new()
            .name("billfold-filters".to_owned())
            .spawn(move || keeper.run(&waiting))?;
        Ok(Self { orders, thread: Some(thread) })
    }

    /// Keeps filters.
    pub fn keep(&self, filters: Vec<KeptFilter>) {
        let _ = self.orders.send(Order::Keep(filters));
    }

    /// Reads filters on a job thread and reports those that are there.
    pub fn read(&self, id: ReadId, filters: Vec<FilterId>, reports: Reports) {
        let _ = self.orders.send(Order::Read { id, filters, reports });
    }
}

impl Drop for FilterKeeper {
    fn drop(&mut self) {
        let _ = self.orders.send(Order::Stop);
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported by the thread itself.
            let _ = thread.join();
        }
    }
}

/// What the thread has.
struct Keeper {
    store: FilterStore,
    jobs: JobThreads,
    notes: Arc<Outlet>,
    /// Whether the disk takes more.
    keeps: bool,
    orders: SyncSender<Order>,
}

impl Keeper {
    fn run(mut self, orders: &Receiver<Order>) {
        while let Ok(order) = orders.recv() {
            match order {
                Order::Keep(filters) if self.keeps => {
                    if let Err(error) = self.store.keep(&filters) {
                        self.keeps = false;
                        self.notes.push(&told(not_kept(self.store.dir(), &error)));
                    }
                }
                Order::Keep(_) => {}
                Order::Read { id, filters, reports } => self.read(id, &filters, reports),
                Order::Damaged(places) => self.forget(&places),
                Order::Stop => return,
            }
        }
    }

    fn read(&self, id: ReadId, filters: &[FilterId], reports: Reports) {
        let (places, orders) = (self.store.places(filters), self.orders.clone());
        self.jobs.spawn(move || {
            let reading = filters::read(&places);
            let filters = reading.filters;
            reports.put(ClientInput::FiltersRead { id, filters }, None);
            if !reading.damaged.is_empty() {
                let _ = orders.send(Order::Damaged(reading.damaged));
            }
        });
    }

    fn forget(&mut self, places: &[Place]) {
        match self.store.forget(places) {
            Ok(files) => files.iter().for_each(|path| {
                self.notes.push(&told(Note::FiltersDamaged { path: problem::shown(path) }));
            }),
            Err(error) => tracing::warn!(%error, "damaged filters stay in their index"),
        }
    }
}

fn told(note: Note) -> News {
    News { wallet: None, event: Event::Note(note) }
}

/// The note that filters can't be kept.
#[must_use]
pub fn not_kept(dir: &Path, error: &std::io::Error) -> Note {
    Note::FiltersNotKept { path: problem::shown(dir), what: error.to_string() }
}
