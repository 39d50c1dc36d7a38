mod grammar;
mod selection;
